"""
Countries: a place that stands for each, and its clock; facts of tzdata, which is public domain.

Of a country with several zones it is the one in which most of its people live. Places are
in tenths of a degree, so that a distance is the same on every machine.
"""

from functools import cache
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

_EARTH_KM = 6371
# Country, tenths of a degree north and east, time zone.
_TABLE = """
AD 425 15 Europe/Andorra
AE 253 553 Asia/Dubai
AF 345 692 Asia/Kabul
AG 170 -618 America/Antigua
AI 182 -631 America/Anguilla
AL 413 198 Europe/Tirane
AM 402 445 Asia/Yerevan
AO -88 132 Africa/Luanda
AQ -778 1666 Antarctica/McMurdo
AR -346 -584 America/Argentina/Buenos_Aires
AS -143 -1707 Pacific/Pago_Pago
AT 482 163 Europe/Vienna
AU -339 1512 Australia/Sydney
AW 125 -700 America/Aruba
AX 601 200 Europe/Mariehamn
AZ 404 498 Asia/Baku
BA 439 184 Europe/Sarajevo
BB 131 -596 America/Barbados
BD 237 904 Asia/Dhaka
BE 508 43 Europe/Brussels
BF 124 -15 Africa/Ouagadougou
BG 427 233 Europe/Sofia
BH 264 506 Asia/Bahrain
BI -34 294 Africa/Bujumbura
BJ 65 26 Africa/Porto-Novo
BL 179 -628 America/St_Barthelemy
BM 323 -648 Atlantic/Bermuda
BN 49 1149 Asia/Brunei
BO -165 -682 America/La_Paz
BQ 122 -683 America/Kralendijk
BR -235 -466 America/Sao_Paulo
BS 251 -774 America/Nassau
BT 275 896 Asia/Thimphu
BW -246 259 Africa/Gaborone
BY 539 276 Europe/Minsk
BZ 175 -882 America/Belize
CA 436 -794 America/Toronto
CC -122 969 Indian/Cocos
CD -43 153 Africa/Kinshasa
CF 44 186 Africa/Bangui
CG -43 153 Africa/Brazzaville
CH 474 85 Europe/Zurich
CI 53 -40 Africa/Abidjan
CK -212 -1598 Pacific/Rarotonga
CL -334 -707 America/Santiago
CM 40 97 Africa/Douala
CN 312 1215 Asia/Shanghai
CO 46 -741 America/Bogota
CR 99 -841 America/Costa_Rica
CU 231 -824 America/Havana
CV 149 -235 Atlantic/Cape_Verde
CW 122 -690 America/Curacao
CX -104 1057 Indian/Christmas
CY 352 334 Asia/Nicosia
CZ 501 144 Europe/Prague
DE 525 134 Europe/Berlin
DJ 116 432 Africa/Djibouti
DK 557 126 Europe/Copenhagen
DM 153 -614 America/Dominica
DO 185 -699 America/Santo_Domingo
DZ 368 30 Africa/Algiers
EC -22 -798 America/Guayaquil
EE 594 248 Europe/Tallinn
EG 300 312 Africa/Cairo
EH 272 -132 Africa/El_Aaiun
ER 153 389 Africa/Asmara
ES 404 -37 Europe/Madrid
ET 90 387 Africa/Addis_Ababa
FI 602 250 Europe/Helsinki
FJ -181 1784 Pacific/Fiji
FK -517 -578 Atlantic/Stanley
FM 70 1582 Pacific/Pohnpei
FO 620 -68 Atlantic/Faroe
FR 489 23 Europe/Paris
GA 4 94 Africa/Libreville
GB 515 -1 Europe/London
GD 120 -618 America/Grenada
GE 417 448 Asia/Tbilisi
GF 49 -523 America/Cayenne
GG 494 -25 Europe/Guernsey
GH 56 -2 Africa/Accra
GI 361 -54 Europe/Gibraltar
GL 642 -517 America/Nuuk
GM 135 -166 Africa/Banjul
GN 95 -137 Africa/Conakry
GP 162 -615 America/Guadeloupe
GQ 38 88 Africa/Malabo
GR 380 237 Europe/Athens
GS -543 -365 Atlantic/South_Georgia
GT 146 -905 America/Guatemala
GU 135 1448 Pacific/Guam
GW 118 -156 Africa/Bissau
GY 68 -582 America/Guyana
HK 223 1142 Asia/Hong_Kong
HN 141 -872 America/Tegucigalpa
HR 458 160 Europe/Zagreb
HT 185 -723 America/Port-au-Prince
HU 475 191 Europe/Budapest
ID -62 1068 Asia/Jakarta
IE 533 -62 Europe/Dublin
IL 318 352 Asia/Jerusalem
IM 542 -45 Europe/Isle_of_Man
IN 225 884 Asia/Kolkata
IO -73 724 Indian/Chagos
IQ 334 444 Asia/Baghdad
IR 357 514 Asia/Tehran
IS 642 -218 Atlantic/Reykjavik
IT 419 125 Europe/Rome
JE 492 -21 Europe/Jersey
JM 180 -768 America/Jamaica
JO 320 359 Asia/Amman
JP 356 1397 Asia/Tokyo
KE -13 368 Africa/Nairobi
KG 429 746 Asia/Bishkek
KH 116 1049 Asia/Phnom_Penh
KI 14 1730 Pacific/Tarawa
KM -117 433 Indian/Comoro
KN 173 -627 America/St_Kitts
KP 390 1258 Asia/Pyongyang
KR 376 1270 Asia/Seoul
KW 293 480 Asia/Kuwait
KY 193 -814 America/Cayman
KZ 432 770 Asia/Almaty
LA 180 1026 Asia/Vientiane
LB 339 355 Asia/Beirut
LC 140 -610 America/St_Lucia
LI 472 95 Europe/Vaduz
LK 69 798 Asia/Colombo
LR 63 -108 Africa/Monrovia
LS -295 275 Africa/Maseru
LT 547 253 Europe/Vilnius
LU 496 62 Europe/Luxembourg
LV 570 241 Europe/Riga
LY 329 132 Africa/Tripoli
MA 336 -76 Africa/Casablanca
MC 437 74 Europe/Monaco
MD 470 288 Europe/Chisinau
ME 424 193 Europe/Podgorica
MF 181 -631 America/Marigot
MG -189 475 Indian/Antananarivo
MH 72 1712 Pacific/Majuro
MK 420 214 Europe/Skopje
ML 126 -80 Africa/Bamako
MM 168 962 Asia/Yangon
MN 479 1069 Asia/Ulaanbaatar
MO 222 1135 Asia/Macau
MP 152 1458 Pacific/Saipan
MQ 146 -611 America/Martinique
MR 181 -160 Africa/Nouakchott
MS 167 -622 America/Montserrat
MT 359 145 Europe/Malta
MU -202 575 Indian/Mauritius
MV 42 735 Indian/Maldives
MW -158 350 Africa/Blantyre
MX 194 -992 America/Mexico_City
MY 32 1017 Asia/Kuala_Lumpur
MZ -260 326 Africa/Maputo
NA -226 171 Africa/Windhoek
NC -223 1664 Pacific/Noumea
NE 135 21 Africa/Niamey
NF -290 1680 Pacific/Norfolk
NG 64 34 Africa/Lagos
NI 122 -863 America/Managua
NL 524 49 Europe/Amsterdam
NO 599 108 Europe/Oslo
NP 277 853 Asia/Kathmandu
NR -5 1669 Pacific/Nauru
NU -190 -1699 Pacific/Niue
NZ -369 1748 Pacific/Auckland
OM 236 586 Asia/Muscat
PA 90 -795 America/Panama
PE -120 -770 America/Lima
PF -175 -1496 Pacific/Tahiti
PG -95 1472 Pacific/Port_Moresby
PH 146 1210 Asia/Manila
PK 249 670 Asia/Karachi
PL 522 210 Europe/Warsaw
PM 470 -563 America/Miquelon
PN -251 -1301 Pacific/Pitcairn
PR 185 -661 America/Puerto_Rico
PS 315 345 Asia/Gaza
PT 387 -91 Europe/Lisbon
PW 73 1345 Pacific/Palau
PY -253 -577 America/Asuncion
QA 253 515 Asia/Qatar
RE -209 555 Indian/Reunion
RO 444 261 Europe/Bucharest
RS 448 205 Europe/Belgrade
RU 558 376 Europe/Moscow
RW -20 301 Africa/Kigali
SA 246 467 Asia/Riyadh
SB -95 1602 Pacific/Guadalcanal
SC -47 555 Indian/Mahe
SD 156 325 Africa/Khartoum
SE 593 180 Europe/Stockholm
SG 13 1038 Asia/Singapore
SH -159 -57 Atlantic/St_Helena
SI 460 145 Europe/Ljubljana
SJ 780 160 Arctic/Longyearbyen
SK 482 171 Europe/Bratislava
SL 85 -132 Africa/Freetown
SM 439 125 Europe/San_Marino
SN 147 -174 Africa/Dakar
SO 21 454 Africa/Mogadishu
SR 58 -552 America/Paramaribo
SS 48 316 Africa/Juba
ST 3 67 Africa/Sao_Tome
SV 137 -892 America/El_Salvador
SX 180 -630 America/Lower_Princes
SY 335 363 Asia/Damascus
SZ -263 311 Africa/Mbabane
TC 215 -711 America/Grand_Turk
TD 121 150 Africa/Ndjamena
TF -494 702 Indian/Kerguelen
TG 61 12 Africa/Lome
TH 138 1005 Asia/Bangkok
TJ 386 688 Asia/Dushanbe
TK -94 -1712 Pacific/Fakaofo
TL -86 1256 Asia/Dili
TM 380 584 Asia/Ashgabat
TN 368 102 Africa/Tunis
TO -211 -1752 Pacific/Tongatapu
TR 410 290 Europe/Istanbul
TT 106 -615 America/Port_of_Spain
TV -85 1792 Pacific/Funafuti
TW 250 1215 Asia/Taipei
TZ -68 393 Africa/Dar_es_Salaam
UA 504 305 Europe/Kyiv
UG 3 324 Africa/Kampala
UM 193 1666 Pacific/Wake
US 418 -876 America/Chicago
UY -349 -562 America/Montevideo
UZ 413 693 Asia/Tashkent
VA 419 124 Europe/Vatican
VC 132 -612 America/St_Vincent
VE 105 -669 America/Caracas
VG 184 -646 America/Tortola
VI 184 -649 America/St_Thomas
VN 108 1067 Asia/Ho_Chi_Minh
VU -177 1684 Pacific/Efate
WF -133 -1762 Pacific/Wallis
WS -138 -1717 Pacific/Apia
YE 128 452 Asia/Aden
YT -128 452 Indian/Mayotte
ZA -262 280 Africa/Johannesburg
ZM -154 283 Africa/Lusaka
ZW -178 310 Africa/Harare
"""
_PLACES = {
    country: (int(north), int(east), zone)
    for country, north, east, zone in (line.split() for line in _TABLE.split("\n") if line)
}


def is_country(code: str) -> bool:
    """Whether a code of two letters is a country's."""
    return code in _PLACES


def distance_km(one: str, other: str) -> int:
    """Return the kilometers between two countries' places; 0 if one is not known."""
    if one == other or one not in _PLACES or other not in _PLACES:
        return 0
    return _distance_km(*sorted((one, other)))


@cache
def _distance_km(one: str, other: str) -> int:
    north, east = ((radians(tenths / 10) for tenths in _PLACES[each][:2]) for each in (one, other))
    (lat, lon), (lat_, lon_) = north, east
    across = sin((lat_ - lat) / 2) ** 2 + cos(lat) * cos(lat_) * sin((lon_ - lon) / 2) ** 2
    return round(2 * _EARTH_KM * asin(sqrt(across)))


@cache
def zone_of(country: str) -> ZoneInfo:
    """Return the clock of a country; UTC if it is not known."""
    return ZoneInfo(_PLACES[country][2] if country in _PLACES else "UTC")
