"""Transmission rights: feasibility on the grid, auction, settlement."""

from settlement.rights.auction import Auction, auction_rights
from settlement.rights.feasibility import Feasibility, simultaneous_feasibility

__all__ = ["Auction", "Feasibility", "auction_rights", "simultaneous_feasibility"]
