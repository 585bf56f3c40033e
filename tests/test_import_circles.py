"""No module imports itself by way of others, counting imports for types alone."""

from __future__ import annotations

import grimp
import networkx as nx


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("hillfinder", exclude_type_checking_imports=False, cache_dir=None)
    imports = nx.DiGraph(
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    )
    circles = [
        sorted(found) for found in nx.strongly_connected_components(imports) if len(found) > 1
    ]
    assert len(imports) > 150
    assert circles == []
