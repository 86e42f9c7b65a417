"""Writes cftime_golden.csv: dates that cftime finds for CF times, one line a time.

Run: python cftime_golden.py > cftime_golden.csv   (needs cftime; the committed file is by 1.6.6)
"""

import warnings

import cftime

warnings.simplefilter("ignore")
CALENDARS = ["standard", "proleptic_gregorian", "noleap", "all_leap", "360_day", "julian"]
AXES = {
    "days since 0001-01-01": [0, 59, 60, 365, 366, 1460, 1461, 36524, 36525, 146097, 577735, 577736, 577737, 730120.25, 800000.5],
    "days since 1900-1-1 00:00:0.0": [-1, 0, 58, 59, 60, 365, 366, 1154, 36523, 36524, 36525, 43829.75, -115860, -116000],
    "hours since 1582-10-04 00:00:00": [-24, 0, 23, 24, 25, 240, 264, 8760],
    "seconds since 1961-01-01 00:00:00 +00:00": [0, 86399, 86400, 1619827200, -1, -315619200],
    "minutes since 1999-02-28T23:30:00Z": [0, 30, 1470, 2910, 527040],
    "hours since 2000-01-01 00:00:00 +05:30": [0, 5.5, 24, 8784],
    "hours since 2000-01-01 00:00 -0600": [0, 18, 100000],
    "milliseconds since 1970-01-01 UTC": [0, 1000, 951782400000],
    "microseconds since 1970-01-01": [0, 1000000, 1709164800000000],
    "days since -0004-03-01": [-800, 0, 366, 1000, 2000],
}

print("calendar,units,value,date,day_of_year")
for calendar in CALENDARS:
    for units, values in AXES.items():
        for value in values:
            date = cftime.num2date(value, units, calendar, only_use_cftime_datetimes=True)
            start = cftime.datetime(date.year, 1, 1, calendar=calendar, has_year_zero=date.has_year_zero)
            day = (date - start).total_seconds() / 86400
            print(f"{calendar},{units},{value},{date.isoformat()},{day}")
