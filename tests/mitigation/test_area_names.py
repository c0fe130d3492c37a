"""Names in the areas of a rulebook that the case does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import InputError, RuleBook, read_case
from cases.rulebook.area_names import refuse_unknown_names
from mitigation.conduct.areas import area_members

BOOK = """\
extends = "default"
name = "mine"
[mitigation.areas.load]
kind = "narrow"
{field} = [{names}]
active = "binding"
[mitigation.areas.load.conduct.energy]
percent = 10.0
"""


@pytest.mark.parametrize(
    ("field", "names", "told"),
    [
        ("buses", '"A", "Ax"', "the case has no bus Ax; did you mean A?"),
        ("units", '"Altaa"', "the case has no unit Altaa; did you mean Alta?"),
        ("constraints", '"D-E-9"', "the case has no constraint D-E-9; did you mean D-E"),
        ("zones", '"nowhere"', "the case has no zone nowhere"),
    ],
)
def test_a_name_that_the_case_does_not_have_is_an_error(
    tmp_path: Path, field: str, names: str, told: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(BOOK.format(field=field, names=names))
    with pytest.raises(InputError) as caught:
        refuse_unknown_names(RuleBook.load(path), read_case("pjm5"))
    (failure,) = caught.value.failures
    assert failure.row == 5
    assert failure.column == f"mitigation.areas.load.{field}"
    assert failure.message.startswith(told)


def test_known_names_pass(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(BOOK.format(field="units", names='"Alta"'))
    refuse_unknown_names(RuleBook.load(path), read_case("pjm5"))


@pytest.mark.parametrize("name", ["nyiso", "miso"])
def test_the_places_of_a_shipped_rulebook_are_silent_on_another_grid(name: str) -> None:
    case, book = read_case("pjm5"), RuleBook.load(name)
    refuse_unknown_names(book, case)
    placed = {area for area, rules in book.mitigation.areas.items() if rules.zones or rules.buses}
    notes = area_members(case, book.mitigation.areas).notes
    assert placed and not any(
        f"area {area} has no units" in note for area in placed for note in notes
    )
