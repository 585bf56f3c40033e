"""Lines and junctions: strokes, crossings, parallel streets, linear referencing."""
