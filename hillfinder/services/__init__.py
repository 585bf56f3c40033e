"""The network and the disk: requests to services, their replies, and what is cached."""
