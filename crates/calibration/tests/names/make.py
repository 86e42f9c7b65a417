"""Makes the files of this folder: two dates, one lead, two members, three stations with names."""

import netCDF4
import numpy as np

NAMES = ["Igls", "Bad Aussee", "Zürs"]


def file(name, format, names):
    with netCDF4.Dataset(name, "w", format=format) as data:
        for dim, length in [("time", 2), ("prediction_timedelta", 1), ("number", 2), ("station", 3)]:
            data.createDimension(dim, length)
        time = data.createVariable("time", "i4", ("time",))
        time.units = "days since 2020-01-01"
        time[:] = [0, 1]
        lead = data.createVariable("prediction_timedelta", "i4", ("prediction_timedelta",))
        lead.units = "hours"
        lead[:] = [24]
        for variable, dims in [
            ("forecast", ("time", "prediction_timedelta", "number", "station")),
            ("observation", ("time", "prediction_timedelta", "station")),
        ]:
            values = data.createVariable(variable, "f4", dims)
            values.units = "K"
            values[:] = np.arange(values.size).reshape(values.shape)
        altitude = data.createVariable("altitude", "f4", ("station",))
        altitude[:] = [581.0, 659.0, 30000.0]
        names(data)


def strings(data):
    station = data.createVariable("station", str, ("station",))
    station[:] = np.array(NAMES, dtype=object)


def letters(variable, attributes, texts):
    def write(data):
        data.createDimension("letters", 12)
        station = data.createVariable(variable, "S1", ("station", "letters"))
        station.setncatts(attributes)
        padded = [text.encode().ljust(12, b"\0") for text in texts]
        station[:] = np.array([list(text) for text in padded], dtype="u1").view("S1")

    return write


file("strings.nc", "NETCDF4", strings)
file("letters.nc", "NETCDF3_CLASSIC", letters("station_name", {}, NAMES))
file("role.nc", "NETCDF3_CLASSIC", letters("id", {"cf_role": "timeseries_id"}, NAMES))
file("twice.nc", "NETCDF3_CLASSIC", letters("station_name", {}, ["Igls", "", "Igls"]))
