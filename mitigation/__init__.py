"""Market power: who could move the price, who tried, and what is done about it."""

from mitigation.again.protocols import LiveModel, Resolved
from mitigation.conduct import conduct_tests, test_conduct
from mitigation.conduct.area_counts import area_threshold
from mitigation.indices.output_gap import output_gap
from mitigation.indices.tested import indices_of, tables_of, with_tests
from mitigation.procedures.shipped import keys_read, register, register_profile
from mitigation.references import at_same_mw, reference_levels
from mitigation.report.ferc_screens import (
    annual_screens,
    delivered_price_test,
    market_share_screen,
    pivotal_supplier_screen,
)
from mitigation.slots import (
    Applied,
    AssessedRun,
    Impact,
    Replacement,
    Subjects,
    load_plugin,
)
from mitigation.structure.competitive_path import CompetitivePath, dynamic_competitive_path
from mitigation.structure.decomposition import competitive_prices, mitigated_price
from mitigation.structure.owners import Ownership, owners_of, ownership
from mitigation.structure.run import (
    StructureTests,
    slack_sensitivity,
    slack_verdicts,
    structure_tests,
    test_structure,
)
from mitigation.structure.system_margin import supply_margin
from mitigation.structure.three_pivotal import ThreePivotalSupplier, three_pivotal_supplier
from mitigation.structure.what_if import cover, divest, merge_owners

__all__ = [
    "Applied",
    "AssessedRun",
    "CompetitivePath",
    "Impact",
    "LiveModel",
    "Ownership",
    "Replacement",
    "Resolved",
    "StructureTests",
    "Subjects",
    "ThreePivotalSupplier",
    "annual_screens",
    "area_threshold",
    "at_same_mw",
    "competitive_prices",
    "conduct_tests",
    "cover",
    "delivered_price_test",
    "divest",
    "dynamic_competitive_path",
    "indices_of",
    "keys_read",
    "load_plugin",
    "market_share_screen",
    "merge_owners",
    "mitigated_price",
    "output_gap",
    "owners_of",
    "ownership",
    "pivotal_supplier_screen",
    "reference_levels",
    "register",
    "register_profile",
    "slack_sensitivity",
    "slack_verdicts",
    "structure_tests",
    "supply_margin",
    "tables_of",
    "test_conduct",
    "test_structure",
    "three_pivotal_supplier",
    "with_tests",
]
