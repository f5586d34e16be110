"""The broad index that stands for the market of each exchange: what moves most of its stocks at once.

Symbols are those of the live source. An exchange whose index the source does not have, or has for a few years
only, is left out: forecasts of its stocks work without.
"""

INDEX_BY_CALENDAR = {
    "XNYS": "^GSPC",
    "XTSE": "^GSPTSE", "BVMF": "^BVSP", "XMEX": "^MXX", "XBUE": "^MERV",
    "XLON": "^FTSE", "XETR": "^GDAXI", "XFRA": "^GDAXI", "XPAR": "^FCHI", "XAMS": "^AEX", "XBRU": "^BFX",
    "XMIL": "FTSEMIB.MI", "XMAD": "^IBEX", "XSWX": "^SSMI", "XWBO": "^ATX", "XLIS": "PSI20.LS",
    "XSTO": "^OMX", "XCSE": "^OMXC25", "XHEL": "^OMXH25", "XOSL": "OSEBX.OL",
    "XIST": "XU100.IS",
    "XTKS": "^N225", "XHKG": "^HSI", "XSHG": "000001.SS", "XKRX": "^KS11", "XTAI": "^TWII",
    "XASX": "^AXJO", "XNZE": "^NZ50", "XBOM": "^BSESN", "XSES": "^STI",
    "XIDX": "^JKSE", "XKLS": "^KLSE",
}  # fmt: skip


def index_of(calendar: str) -> str | None:
    """Name the index of the exchange whose calendar this is; None for crypto, currencies and the unknown."""
    return INDEX_BY_CALENDAR.get(calendar)
