"""Exchanges as Yahoo writes them: what people call each, its calendar, and how its symbols look.

A calendar is named as `forecasts.calendars` explains. exchange_calendars 4.13 has no Vietnam, Qatar, Kuwait
and Egypt, fails on Athens and Bucharest under pandas 3, and knows Tel Aviv since 2026 only: their weeks stand
in for them.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERY_DAY = "24/7"
WEEKDAYS = "weekdays"
SUNDAY_TO_THURSDAY = "sun-thu"
NEW_YORK = "XNYS"
FUTURES = "CMES"


@dataclass(frozen=True)
class Exchange:
    """`codes` are Yahoo's names of it, `suffixes` end its symbols after a dot, `indices` have none."""

    name: str
    calendar: str
    codes: tuple[str, ...]
    suffixes: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()


AMERICAS = [
    Exchange("NYSE", NEW_YORK, ("NYQ", "NYS"), (), ("^NYA",)),
    Exchange("NYSE Arca", NEW_YORK, ("PCX",)),
    Exchange("NYSE American", NEW_YORK, ("ASE", "NAE")),
    Exchange("NasdaqGS", NEW_YORK, ("NMS",)),
    Exchange("NasdaqGM", NEW_YORK, ("NGM",)),
    Exchange("NasdaqCM", NEW_YORK, ("NCM",)),
    Exchange("Nasdaq", NEW_YORK, ("NAS", "NIM"), (), ("^IXIC", "^NDX")),
    Exchange("Cboe US", NEW_YORK, ("BTS", "WCB", "CXI", "CGI"), (), ("^VIX", "^RUT")),
    Exchange("S&P indices", NEW_YORK, ("SNP",), (), ("^GSPC",)),
    Exchange("Dow Jones indices", NEW_YORK, ("DJI",), (), ("^DJI",)),
    Exchange("OTC Markets", NEW_YORK, ("PNK", "OQB", "OQX", "OEM", "OTC", "OBB"), ("OB", "PK")),
    Exchange("US, delisted", NEW_YORK, ("YHD",)),
    Exchange("CME", FUTURES, ("CME",), ("CME",)),
    Exchange("CBOT", FUTURES, ("CBT",), ("CBT",)),
    Exchange("COMEX", FUTURES, ("CMX",), ("CMX",)),
    Exchange("NYMEX", FUTURES, ("NYM",), ("NYM",)),
    Exchange("ICE Futures US", "IEPA", ("NYB",), ("NYB",)),
    Exchange("Toronto", "XTSE", ("TOR",), ("TO",), ("^GSPTSE",)),
    Exchange("TSX Venture", "XTSE", ("VAN",), ("V",)),
    Exchange("Cboe Canada", "XTSE", ("NEO",), ("NE",)),
    Exchange("Canadian Securities Exchange", "XTSE", ("CNQ",), ("CN",)),
    Exchange("São Paulo", "BVMF", ("SAO",), ("SA",), ("^BVSP",)),
    Exchange("Mexico", "XMEX", ("MEX",), ("MX",), ("^MXX",)),
    Exchange("Buenos Aires", "XBUE", ("BUE",), ("BA",), ("^MERV",)),
    Exchange("Santiago", "XSGO", ("SGO",), ("SN",)),
    Exchange("Bogotá", "XBOG", ("BVC",), ("CL",)),
]
EUROPE = [
    Exchange("London", "XLON", ("LSE",), ("L",), ("^FTMC",)),
    Exchange("London, international", "XLON", ("IOB",), ("IL",)),
    Exchange("FTSE indices", "XLON", ("FGI",), (), ("^FTSE",)),
    Exchange("Aquis UK", "XLON", ("AQS",), ("AQ",)),
    Exchange("Cboe UK", "XLON", ("CXE",), ("XC",)),
    Exchange("Dublin", "XDUB", ("ISE",), ("IR",)),
    Exchange("Xetra", "XETR", ("GER",), ("DE",), ("^GDAXI", "^MDAXI", "^TECDAX")),
    Exchange("Frankfurt", "XFRA", ("FRA",), ("F",)),
    Exchange("Stuttgart", "XSTU", ("STU",), ("SG",)),
    Exchange("Düsseldorf", "XDUS", ("DUS",), ("DU",)),
    Exchange("Hamburg", "XHAM", ("HAM",), ("HM",)),
    Exchange("Hanover", "XHAM", ("HAN",), ("HA",)),
    Exchange("Berlin", "XFRA", ("BER",), ("BE",)),
    Exchange("Munich", "XFRA", ("MUN",), ("MU",)),
    Exchange("Bremen", "XFRA", ("BRM",), ("BM",)),
    Exchange("Eurex", "XEUR", ("EUX",)),
    Exchange("Paris", "XPAR", ("PAR",), ("PA",), ("^FCHI",)),
    Exchange("Euronext", "XPAR", ("ENX",), ("NX",)),
    Exchange("Amsterdam", "XAMS", ("AMS",), ("AS",), ("^AEX",)),
    Exchange("Brussels", "XBRU", ("BRU",), ("BR",), ("^BFX",)),
    Exchange("Lisbon", "XLIS", ("LIS",), ("LS",)),
    Exchange("Milan", "XMIL", ("MIL",), ("MI",)),
    Exchange("EuroTLX", "XMIL", ("TLO",), ("TI",)),
    Exchange("Madrid", "XMAD", ("MCE", "MAD", "BAR"), ("MC", "MA", "BC"), ("^IBEX",)),
    Exchange("Swiss Exchange", "XSWX", ("EBS", "VTX"), ("SW", "VX"), ("^SSMI",)),
    Exchange("Vienna", "XWBO", ("VIE",), ("VI",), ("^ATX",)),
    Exchange("Stockholm", "XSTO", ("STO",), ("ST",), ("^OMX",)),
    Exchange("Copenhagen", "XCSE", ("CPH",), ("CO",), ("^OMXC25",)),
    Exchange("Helsinki", "XHEL", ("HEL",), ("HE",), ("^OMXH25",)),
    Exchange("Reykjavik", "XICE", ("ICE",), ("IC",)),
    Exchange("Oslo", "XOSL", ("OSL",), ("OL",)),
    Exchange("Tallinn", "XTAL", ("TAL",), ("TL",)),
    Exchange("Riga", "XRIS", ("RIS",), ("RG",)),
    Exchange("Vilnius", "XLIT", ("LIT",), ("VS",)),
    Exchange("Warsaw", "XWAR", ("WSE",), ("WA",)),
    Exchange("Prague", "XPRA", ("PRA",), ("PR",)),
    Exchange("Budapest", "XBUD", ("BUD",), ("BD",)),
    Exchange("Bucharest", WEEKDAYS, ("BVB",), ("RO",)),
    Exchange("Athens", WEEKDAYS, ("ATH",), ("AT",)),
    Exchange("Istanbul", "XIST", ("IST",), ("IS",)),
    Exchange("Moscow", "XMOS", ("MCX",), ("ME",)),
]
ASIA_PACIFIC_AFRICA = [
    Exchange("Tokyo", "XTKS", ("JPX", "TYO"), ("T",)),
    Exchange("Osaka", "XTKS", ("OSA",), (), ("^N225",)),
    Exchange("Fukuoka", "XTKS", ("FKA",)),
    Exchange("Sapporo", "XTKS", ("SAP",), ("S",)),
    Exchange("Hong Kong", "XHKG", ("HKG",), ("HK",), ("^HSI",)),
    Exchange("Shanghai", "XSHG", ("SHH",), ("SS",)),
    Exchange("Shenzhen", "XSHG", ("SHZ",), ("SZ",)),
    Exchange("Korea", "XKRX", ("KSC",), ("KS",), ("^KS11",)),
    Exchange("KOSDAQ", "XKRX", ("KOE",), ("KQ",), ("^KQ11",)),
    Exchange("Taiwan", "XTAI", ("TAI",), ("TW",), ("^TWII",)),
    Exchange("Taipei Exchange", "XTAI", ("TWO",), ("TWO",)),
    Exchange("NSE India", "XBOM", ("NSI",), ("NS",), ("^NSEI", "^NSEBANK")),
    Exchange("BSE India", "XBOM", ("BSE",), ("BO",), ("^BSESN",)),
    Exchange("Singapore", "XSES", ("SES",), ("SI",), ("^STI",)),
    Exchange("Jakarta", "XIDX", ("JKT",), ("JK",), ("^JKSE",)),
    Exchange("Kuala Lumpur", "XKLS", ("KLS",), ("KL",), ("^KLSE",)),
    Exchange("Thailand", "XBKK", ("SET",), ("BK",)),
    Exchange("Philippines", "XPHS", ("PHS", "PHP"), ("PS",)),
    Exchange("Vietnam", WEEKDAYS, ("VSE",), ("VN",)),
    Exchange("Pakistan", "XKAR", ("KAR",), ("KA",)),
    Exchange("Australia", "XASX", ("ASX",), ("AX",), ("^AXJO", "^AORD")),
    Exchange("Cboe Australia", "XASX", ("CXA",), ("XA",)),
    Exchange("New Zealand", "XNZE", ("NZE",), ("NZ",), ("^NZ50",)),
    Exchange("Tel Aviv", WEEKDAYS, ("TLV",), ("TA",)),
    Exchange("Saudi Arabia", "XSAU", ("SAU",), ("SR", "SAU")),
    Exchange("Qatar", SUNDAY_TO_THURSDAY, ("DOH",), ("QA",)),
    Exchange("Kuwait", SUNDAY_TO_THURSDAY, ("KUW",), ("KW",)),
    Exchange("Egypt", SUNDAY_TO_THURSDAY, ("CAI",), ("CA",), ("^CASE30",)),
    Exchange("Johannesburg", "XJSE", ("JNB",), ("JO",)),
]
EVERYWHERE = [
    Exchange("Cryptocurrencies", EVERY_DAY, ("CCC",)),
    Exchange("Currencies", WEEKDAYS, ("CCY",)),
]
EXCHANGES = [*AMERICAS, *EUROPE, *ASIA_PACIFIC_AFRICA, *EVERYWHERE]

CALENDARS = {exchange.calendar for exchange in EXCHANGES}
BY_CODE = {code: exchange for exchange in EXCHANGES for code in exchange.codes}
BY_SUFFIX = {suffix: exchange for exchange in EXCHANGES for suffix in exchange.suffixes}
BY_INDEX = {index: exchange for exchange in EXCHANGES for index in exchange.indices}
# What follows the dash in a cryptocurrency's symbol; a share class has one letter, a warrant or unit two.
CRYPTO_QUOTES = {
    "USD", "EUR", "GBP", "JPY", "CAD", "AUD", "NZD", "CHF", "CNY", "HKD", "SGD", "TWD", "KRW", "INR", "IDR",
    "THB", "PHP", "BRL", "MXN", "ZAR", "TRY", "ILS", "PLN", "SEK", "NOK", "DKK", "RUB",
    "BTC", "ETH", "BNB", "USDT", "USDC",
}  # fmt: skip


def exchange_name(code: str) -> str:
    """Return what people call an exchange; a code that is not known stays as it is."""
    return BY_CODE[code].name if code in BY_CODE else code


def calendar_for(symbol: str, exchange: str = "") -> str:
    """Name the calendar of a Yahoo symbol: by its exchange where that is told, else by its shape."""
    if exchange:
        return BY_CODE[exchange].calendar if exchange in BY_CODE else WEEKDAYS
    if symbol in BY_INDEX:
        return BY_INDEX[symbol].calendar
    if symbol.endswith("=X"):
        return WEEKDAYS
    if symbol.endswith("=F"):
        return FUTURES
    base, dot, suffix = symbol.rpartition(".")
    if dot and base:
        return BY_SUFFIX[suffix].calendar if suffix in BY_SUFFIX else WEEKDAYS
    return EVERY_DAY if symbol.rpartition("-")[2] in CRYPTO_QUOTES and "-" in symbol else NEW_YORK
