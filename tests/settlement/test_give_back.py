"""What is left of rent and loss surplus, and metered energy, by rulebook."""

from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError, RuleBook
from settlement import settle
from tests.settlement.markets import case_of, five_bus, run_of
from tests.settlement.test_losses_and_rent import cleared, line, right


def rent_to(**rules: str) -> dict[str, str]:
    return {f"settlement.congestion_rent.{name}": value for name, value in rules.items()}


def held(mw: float) -> pd.DataFrame:
    table = right(mw, "E", "D")
    return pd.concat([table.assign(owner="h1"), table.assign(right="R2", owner="h2", mw=3 * mw)])


def test_rent_goes_back_to_loads_by_the_energy_they_take() -> None:
    statement = settle(five_bus(rent_to(to="load_ratio")), rights=held(50.0))
    # Rent 14 957.29; rights of 200 MW from E to D take 200 x 29.942736 = 5 988.55 (half up each).
    rights = statement.total("h1") + statement.total("h2")
    assert rights == Decimal("1497.14") + Decimal("4491.41")
    left = Decimal("14957.29") - rights
    back = {name: statement.total(f"Utility {name}", "rent_credit") for name in "BCD"}
    # 300, 300 and 400 of 1000 MWh.
    assert sum(back.values()) == left == -statement.total("operator", "rent_credit")
    assert back["B"] == back["C"] == Decimal("2690.62")
    assert back["D"] == Decimal("3587.50")
    assert statement.total() == 0


def test_rent_goes_to_right_holders_or_an_account() -> None:
    statement = settle(five_bus(rent_to(to="right_holders")), rights=held(50.0))
    left = Decimal("14957.29") - Decimal("5988.55")
    found = [statement.total(owner, "rent_credit") for owner in ("h1", "h2")]
    assert sum(found) == left
    assert found[0] == Decimal("2242.19")  # a quarter of 8968.74, 2242.185
    account = settle(five_bus(rent_to(to="account", account="tariff fund")), rights=held(50.0))
    assert account.total("tariff fund") == left
    assert account.total("operator") == account.total("operator", "rounding")
    with pytest.raises(InputError, match="needs the name of the account"):
        RuleBook.load("default").with_settings(rent_to(to="account"))


def test_loss_surplus_goes_back_too() -> None:
    run = cleared(line(), **{"settlement.loss_surplus.to": "load_ratio"})
    statement = settle(run)
    plain = settle(cleared(line()))
    surplus = plain.total("operator", "loss_surplus")
    assert statement.total("retail") - plain.total("retail") == surplus
    assert statement.total("operator", "surplus_credit") == -surplus


def metered(*rows: tuple[str, str, float, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["unit", "load", "mwh", "version"])
    return table.assign(interval_start="2024-03-05T00:00:00+00:00")


def hour(**settings: float | str) -> object:
    case = case_of(
        ["P"], {"G": ("g", "P", 200.0, 20.0), "H": ("h", "P", 200.0, 90.0)},
        {"L": ("l", "P", [120.0]), "M": ("m", "P", [30.0])},
    )  # fmt: skip
    return run_of(case, {"P": [40.0]}, {"G": [100.0], "H": [50.0]}, settings=settings)


def test_metered_energy_replaces_the_schedule() -> None:
    readings = metered(("G", "", 90.0, 1), ("", "L", 118.0, 1), ("G", "", 92.0, 2))
    statement = settle(hour(), meter_readings=readings)  # type: ignore[arg-type]
    # Version 2: 8 MWh less than scheduled, 2 MWh less taken, both at 40; 6 MWh nobody metered.
    assert statement.total("g", "metered_energy") == -320
    assert statement.total("l", "metered_energy") == 80
    assert statement.total("operator", "unaccounted_energy") == 240
    assert statement.total() == 0
    assert set(statement.lines["item"]) >= {"metered_energy"}
    assert "metered_charge" not in set(statement.lines["item"])


def test_uninstructed_deviation_is_charged_beyond_the_tolerance() -> None:
    rules = {
        "settlement.metering.tolerance_percent": 3.0, "settlement.metering.tolerance_mw": 1.0,
        "settlement.metering.charge_price": 5.0, "settlement.metering.charge_share": 0.25,
        "settlement.metering.to": "load_ratio",
    }  # fmt: skip
    readings = metered(("G", "", 92.0, 1), ("H", "", 51.0, 1))
    statement = settle(hour(**rules), meter_readings=readings)  # type: ignore[arg-type]
    # G: 8 - max(3 % of 100, 1) = 5 MWh x (5 + 25 % of 40); H: 1 - max(1.5, 1) < 0: free.
    assert statement.total("g", "metered_charge") == -75
    assert statement.total("h", "metered_energy") == 40
    # 120 and 30 of 150 MWh.
    assert statement.total("l", "metered_credit") == 60
    assert statement.total("m", "metered_credit") == 15
    assert statement.total() == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("X", "", 1.0, 1), "row 2, unit: there is no unit 'X'"),
        (("", "N", 1.0, 1), "row 2, load: there is no load 'N'"),
        (("G", "L", 1.0, 1), "give either a unit or a load"),
    ],
)
def test_readings_of_nothing_are_named(row: tuple[str, str, float, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settle(hour(), meter_readings=metered(row))  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match="no interval of the settled run starts at 2024-03-05T00:3"
    ):
        table = metered(("G", "", 1.0, 1)).assign(interval_start="2024-03-05T00:30:00+00:00")
        settle(hour(), meter_readings=table)  # type: ignore[arg-type]
