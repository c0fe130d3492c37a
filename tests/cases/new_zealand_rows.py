"""A New Zealand case of a dozen rows made by hand: two nodes in the North, one in the South.

Names and numbers are invented; only the form is that of the operator's files.
"""

from __future__ import annotations

import copy
import zipfile
from pathlib import Path
from typing import Any

__all__ = ["ID", "INTERVAL", "rows", "write"]

ID, INTERVAL = "MSS_991302025010100001_0X", "01-JAN-2025 10:00"
Tables = dict[str, dict[str, list[dict[str, Any]]]]
AT = {"INTERVAL": INTERVAL}


def rows(minutes: int = 30) -> Tables:
    """Tables by the ending of their file."""
    islands = ("NI", "SI")
    nodes = (("GEN1101 GEN0", "GEN", "UN1", "UN", "NI"), ("LOD1101", "LOD", "LD1", "LD", "NI"))
    nodes += (("SOU1101 SOU0", "SOU", "UN1", "UN", "SI"),)
    zero = dict.fromkeys(("MWMAX", "IGPOTENTIALMW", "RAMPUPRATEMX", "RAMPDNRATEMX"), 0)
    energy = {**zero, "IGPOTENTIALMW": 9999, "RAMPUPRATEMX": 6000, "RAMPDNRATEMX": 6000}
    offers = [("GEN1101 GEN0", 1, 200, 100.0), ("SOU1101 SOU0", 2, 300, 20.0)]
    block = {"TRADERBLOCKTRANCHE": 1, "SIXSEC": 0, "RESERVEPERCENT": 0}
    return copy.deepcopy(
        {
            ".MDBCTRL": {
                "CASE": [{"INTERVALDURATION": minutes, "MODESHORTNAME": "HAND"}],
                "CONTROL": [AT],
            },
            ".PERIOD": {
                "TRADERPERIODS": [
                    {**AT, "PNODENAME": n, "TRADERID": t, "TRADETYPE": kind}
                    | ({**energy, "MWMAX": mw} if kind == "ENOF" else zero)
                    | {"DISPATCHABLE": 1}
                    for n, t, mw, _ in offers
                    for kind in ("ENOF", "PLRO")
                ],
                "BIDSANDOFFERS": [
                    {**AT, "PNODENAME": n, "TRADERID": t, "TRADETYPE": "ENOF", **block}
                    | {"TRADERBLOCKLIMIT": mw, "TRADERBLOCKPRICE": price}
                    for n, t, mw, price in offers
                ]
                + [
                    {**AT, "PNODENAME": n, "TRADERID": t, "TRADETYPE": "PLRO", **block}
                    | {"TRADERBLOCKLIMIT": 60, "TRADERBLOCKPRICE": 1.5, "SIXSEC": six}
                    | {"RESERVEPERCENT": 50}
                    for n, t, _, _ in offers
                    for six in (0, 1)
                ],
                "PNODELOAD": [
                    {**AT, "PNODENAME": "LOD1101", "CONFORMINGFORECAST": 90, "ISNCL": 0}
                    | {"NONCONFORMINGLOAD": 10, "ACTUALLOAD": 50, "CONFORMINGFACTOR": 1}
                    | {"ISBAD": 0, "ISOVERRIDE": 0}
                ],
                "RISKPARAMSCHEDULE": [
                    {**AT, "ISLAND": z, "HVDCRISKSUBTRACTORMAX": 500, "SHAREDNFRLOADOFFSET": 50}
                    | {f"RISKFACTOR{c}SEC{e}": 1 for c in ("SIX", "SIXTY") for e in ("", "ECE")}
                    | {f"NFR{c}{w}": 0 for c in ("SIX", "SIXTY") for w in ("CE", "ECE")}
                    | {f"NFR{c}AC{w}": 0 for c in ("SIX", "SIXTY") for w in ("CE", "ECE")}
                    | {"MANUALMINACCE": 10 if z == "NI" else 0, "MANUALMINACECE": 0}
                    | {"FIREFFECTIVENESSFACTORCE": 0.8, "SIREFFECTIVENESSFACTORCE": 1}
                    | {"RMTRESLIMITTOFIR": 220}
                    for z in islands
                ],
                "HVDCLINK": [
                    {**AT, "HVDCBRANCH": name, "MWMAX": 100, "NUMLOSSTRANCHES": 1}
                    | {"RESISTANCE": 1, "FIXEDLOSS": fixed, "REMOVE": 0}
                    for name, fixed in (("S_N.1", 1), ("N_S.1", 0))
                ],
                "RESERVESHARING": [
                    {**AT, "MRCE": 5, "MRECE": 5, "FIRRESERVESHARINGENABLED": 1}
                    | {"SIRRESERVESHARINGENABLED": 1, "RESERVESHARINGPOLEMIN": 5}
                    | {"HVDCCONTROLBANDFORWARD": 50, "HVDCCONTROLBANDREVERSE": 50}
                    | {"SHAREDNFRFACTOR": 0.01}
                ],
                "SCARCITYENNATIONALFACTORS": [
                    {**AT, "TRANCHENUMBER": k + 1, "PRICE": price, "FACTOR": factor}
                    for k, (price, factor) in enumerate(((10000, 0.05), (20000, 0.95)))
                ],
                "SCARCITYRESISLANDLIMITS": [
                    {**AT, "ISLAND": z, "RESERVECLASS": c, "TRANCHENUMBER": 1, "PRICE": 3000}
                    | {"LIMIT": 9999}
                    for z in islands
                    for c in ("FIR", "SIR")
                ],
            },
            ".DAILY": {
                "PNODE": [
                    {**AT, "PNODENAME": n, "FACTOR": 1, "KEY1": st, "KEY2": 110, "KEY3": eq}
                    | {"KEY4": kind, "ISLAND": z}
                    for n, st, eq, kind, z in nodes
                ],
                "UNITDATA": [
                    {**AT, "PNODENAME": n, "SETRISK": 1, "ISPRICERESPONSIVEIG": 0, "FKBANDMW": 0}
                    | {"COMMRISKMWCE": 0, "COMMRISKMWECE": 0, "ISPARTCOMM": 0}
                    | {"ISCOMMISSIONING": 0}
                    for n, *_ in offers
                ],
            },
            ".MSSMKT": {
                "TRADER": [
                    {"TRADERID": 1, "TRADERNAME": "ALFA"},
                    {"TRADERID": 2, "TRADERNAME": "BETA"},
                ],
                "ISLAND": [
                    {"ISLAND": z, "MWIPS": mw, "PSD": 0, "ISLANDLOSSES": 0}
                    for z, mw in (("NI", 80), ("SI", 0))
                ],
                "BRANCHPARAM": [
                    {
                        "KEY1": "GEN",
                        "KEY2": "GEN_LOD",
                        "KEY3": 1,
                        "KEY4": "LN",
                        "NUMLOSSTRANCHES": 3,
                    }
                ],
                "UNITINITIALMW": [{"PNODENAME": n, "UNITMW": 50} for n, *_ in offers],
                "HVDCBRANCH": [
                    {"HVDCBRANCH": name, "KEY1": name[0], "KEY2": name, "KEY3": 1}
                    | {"FROM_ENODEKEY1": a, "FROM_ENODEKEY2": 110, "FROM_ENODEKEY3": 1}
                    | {"TO_ENODEKEY1": b, "TO_ENODEKEY2": 110, "TO_ENODEKEY3": 1}
                    for name, a, b in (("S_N.1", "SOU", "GEN"), ("N_S.1", "GEN", "SOU"))
                ],
            },
            ".MSSMOD": {
                "BRANCHLIMIT": [
                    {**AT, "KEY1": "GEN", "KEY2": "GEN_LOD", "KEY3": 1, "KEY4": "LN"}
                    | {"BASECASEMWLIMITFOR": 150, "BASECASEMWLIMITREV": 120, "FIXEDLOSS": 0.2}
                ],
            },
            ".MSSNET": {
                "NODE": [
                    {"ID_ENODE": k + 1, "ID_ST": st, "ID_KV": 110, "ID_EQUIPMENT": eq, "ID_ND": 1}
                    | {"EQUIPMENTTYPE": kind}
                    for k, (_, st, eq, kind, _) in enumerate(nodes)
                ],
                "BRANCHNODE": [
                    {"ID_BRANCH": "GEN  GEN_LOD 1", "KEY1": "GEN", "KEY2": "GEN_LOD", "KEY3": 1}
                    | {"KEY4": "LN", "ID_FROMENODE": 1, "ID_TOENODE": 2}
                ],
            },
            "_01-JAN-2025_10_00_0.MSSNET": {
                "ENODEBUS": [
                    {"ID_ENODE": k + 1, "ID_BUS": 10 + k, "ID_KV": 110, "ID_ST": st}
                    | {"ELECTRICAL_ISLAND": 1 if z == "NI" else 2}
                    for k, (_, st, _, _, z) in enumerate(nodes)
                ],
                "BRANCHBUS": [
                    {"ID_BRANCH": "GEN  GEN_LOD 1", "ID_FROMBUS": 10, "ID_TOBUS": 11}
                    | {"SUSCEPTANCE": -1000, "RESISTANCE": 2, "REMOVE": 0}
                ],
            },
            ".0_01-JAN-2025_10_00_0.SPDSOLVED": {
                "PNODE": [
                    {**AT, "PNODENAME": n, "PRICE": 25, "DEAD": 0, "DISCONNECTED": 0}
                    | {"INITIALMW": 50}
                    for n, *_ in nodes
                ],
                "ISLAND": [
                    {**AT, "ISLANDNAME": z, "RESERVEPRICESIXSEC": 1.5, "RESERVEPRICESIXTYSEC": 1.5}
                    for z in islands
                ],
            },
        }
    )


def write(folder: Path, tables: Tables, name: str = f"{ID}.ZIP") -> Path:
    """Write the tables as a zip in the operator's form, values padded with blanks."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for end, own in tables.items():
            lines = ["C,MSS,made by hand"]
            for table, given in own.items():
                columns = list(given[0])
                lines.append(",".join(["I", "DATA", table, "1.0", *columns]))
                for row in given:
                    lines.append(
                        ",".join(["D", "DATA", table, "1.0", *(f"{row[c]} " for c in columns)])
                    )
            archive.writestr(f"{ID}{end}", "\n".join(lines) + "\n")
    return path
