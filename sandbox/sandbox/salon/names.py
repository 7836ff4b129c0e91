"""Small lists of invented but believable names, streets and towns, and phone numbers that ring nowhere."""

from __future__ import annotations

# fmt: off
FEMALE = (
    "Ada", "Amélie", "Ana", "Beatriz", "Camille", "Chloé", "Dana", "Elif", "Emma", "Fatima",
    "Frida", "Grace", "Hannah", "Ingrid", "Isla", "Jasmine", "Júlia", "Kira", "Leila", "Lucía",
    "Mae", "Mei", "Nadia", "Nora", "Olivia", "Paloma", "Priya", "Renée", "Rosa", "Saoirse",
    "Siobhán", "Sofía", "Tamika", "Ursula", "Valentina", "Wren", "Ximena", "Yara", "Zoë", "Žofia",
)
MALE = (
    "Aarav", "Adrián", "André", "Ben", "Björn", "Carlos", "Darius", "Diego", "Elías", "Fabian",
    "Félix", "George", "Håkon", "Henry", "Ibrahim", "Jamal", "João", "Karl", "Kenji", "Liam",
    "Łukasz", "Marcus", "Mateo", "Noah", "Óscar", "Pavel", "Quentin", "Rafael", "René", "Samir",
    "Sean", "Søren", "Theo", "Tomás", "Umar", "Víctor", "Walter", "Xavier", "Yusuf", "Zack",
)
LAST = (
    "Adams", "Álvarez", "Andersson", "Bauer", "Begum", "Brown", "Chen", "Clark", "Çelik", "Costa",
    "D'Angelo", "Davis", "Díaz", "Dubois", "Evans", "Ferreira", "Fitzgerald", "García", "Gupta",
    "Haddad", "Hernández", "Hughes", "Ivanova", "Jackson", "Jensen", "Johnson", "Kaur", "Kim",
    "Kowalski", "Lee", "Lefèvre", "Lopez", "MacDonald", "Martínez", "Mbeki", "Miller", "Mohammed",
    "Moreau", "Müller", "Nakamura", "Ng", "Nguyễn", "Novák", "O'Brien", "Okafor", "Ortiz", "Park",
    "Patel", "Peña", "Popescu", "Quinn", "Ramírez", "Reyes", "Rossi", "Sánchez", "Schäfer",
    "Sharma", "Silva", "Singh", "Smith", "Smith-Jones", "Sørensen", "Tanaka", "Taylor", "van der Berg",
    "Walker", "Washington", "Williams", "Wójcik", "Yamamoto", "Young", "Żak",
)
# fmt: on
STREETS = (
    "Main St",
    "Oak Ave",
    "Elm St",
    "Lake Shore Dr",
    "Market St",
    "Park Blvd",
    "2nd Ave",
    "Cedar Ln",
    "St. John's Rd",
)
TREATMENTS = (
    ("60 Minute Massage", 60, 95.0),
    ("90 Minute Massage", 90, 135.0),
    ("Classic Facial", 50, 80.0),
    ("Manicure", 30, 35.0),
    ("Spa Pedicure", 45, 55.0),
    ("Cut & Blow-dry", 60, 70.0),
    ("Colour", 120, 150.0),
    ("Waxing", 20, 30.0),
)
STAFF = ("Ana Diaz", "Marie Curie-Lopez", "Tom O'Hara", "Ngozi Eze")
TOWNS = {
    "America/New_York": (
        ("New York", "NY", "10001"),
        ("Brooklyn", "NY", "11201"),
        ("Hoboken", "NJ", "07030"),
    ),
    "America/Chicago": (("Chicago", "IL", "60601"), ("Evanston", "IL", "60201"), ("Oak Park", "IL", "60301")),
    "America/Phoenix": (("Phoenix", "AZ", "85001"), ("Tempe", "AZ", "85281"), ("Mesa", "AZ", "85201")),
    "Europe/London": (("London", "Greater London", "SW1A 1AA"), ("Croydon", "Surrey", "CR0 1LB")),
    "Asia/Kolkata": (("Kolkata", "West Bengal", "700001"), ("Howrah", "West Bengal", "711101")),
}
COUNTRIES = {"US": (1, "United States"), "GB": (3, "United Kingdom"), "IN": (99, "India")}

_AREAS = (212, 312, 315, 404, 415, 512, 602, 615, 702, 718, 773, 808, 847, 917, 919)
_UK_HEADS = (
    "07700900",
    "02079460",
    "01134960",
    "01144960",
    "01154960",
    "01164960",
    "01214960",
    "01314960",
    "01614960",
)


def country_of(zone: str) -> str:
    """The country code of a zone that the sandbox knows; the United States otherwise."""
    return {"Europe/London": "GB", "Asia/Kolkata": "IN"}.get(zone, "US")


def phone(country: str, number: int) -> str:
    """The number-th invented phone of a country, in digits as a front desk types them."""
    if country == "GB":
        return f"{_UK_HEADS[number // 1000 % len(_UK_HEADS)]}{number % 1000:03d}"
    if country == "IN":
        return f"98765{number % 100_000:05d}"
    return f"{_AREAS[number // 9000 % len(_AREAS)]}555{1000 + number % 9000:04d}"


def towns(zone: str) -> tuple[tuple[str, str, str], ...]:
    """Towns (city, state, zip) near a zone's salon."""
    return TOWNS.get(zone, TOWNS["America/Chicago"])
