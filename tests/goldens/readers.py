"""What netCDF4-python, h5py and zarr-python read in every file of the shared data: goldens for crates/archive/tests/goldens.rs.

    python tests/goldens/readers.py ../shared/data > tests/goldens/readers.json

For every variable of numbers: shape, number of missing values, exact sums of the others and of their magnitudes,
first and last of them in single precision (sums leave out what is beyond 1e30). For every variable of texts: the texts. For every other one, and every file that does
not open: why. Needs netCDF4 1.7, h5py 3 and zarr 3.1.
"""
import json
import math
import sys
import warnings
from pathlib import Path

import netCDF4
import numpy as np
import zarr

warnings.simplefilter("ignore")


def number(x):
    x = float(x)
    return x if math.isfinite(x) else str(x)


def numbers(values):
    """values: a masked array of numbers"""
    # single precision is what is kept
    with np.errstate(over="ignore"):
        rest = values.compressed().astype("f8").astype("f4")
    finite = values.compressed().astype("f8")
    finite = finite[abs(finite) < 1e30]
    shown = [number(x) for x in (rest[[0, -1]] if rest.size else [])]
    return {
        "shape": list(values.shape),
        "missing": int(np.ma.getmaskarray(values).sum()),
        "sum": math.fsum(finite),
        "size": math.fsum(abs(finite)),
        "ends": shown,
    }


def texts(values):
    decode = lambda t: t.decode() if isinstance(t, bytes) else str(t)
    return {"shape": list(values.shape), "texts": [decode(t) for t in values.ravel()[:20]]}


def single(letters):
    """Text from bytes as wide as they are: padded, in UTF-8 or else Latin-1"""
    try:
        text = letters.decode("utf-8")
    except UnicodeDecodeError:
        text = letters.decode("latin-1")
    return text.rstrip("\0 ")


def netcdf_variable(variable):
    kind = variable.dtype
    if kind is str:
        return texts(np.asarray(variable[...], dtype=object))
    if getattr(kind, "kind", "O") == "S":
        variable.set_auto_chartostring(False)
        variable.set_auto_mask(False)
        letters = np.asarray(variable[...])
        rows = letters.reshape(-1, letters.shape[-1]) if letters.ndim else letters.reshape(1, 1)
        joined = np.array([single(row.tobytes()) for row in rows], dtype=object)
        return texts(joined.reshape(letters.shape[:-1]))
    if getattr(kind, "kind", "O") in "iuf" and not isinstance(variable.datatype, netCDF4.EnumType):
        # bytes have no default fill value in the conventions, though the library masks by one
        if kind.itemsize == 1 and not {"_FillValue", "missing_value", "valid_range", "valid_min"} & set(variable.ncattrs()):
            variable.set_auto_mask(False)
        values = np.ma.asarray(variable[...])
        if kind.kind == "f":
            values = np.ma.masked_where(values.filled(0) == np.float32(9.96921e36), values)
        return numbers(values)
    return {"refused": f"{variable.datatype}"}


def netcdf(path):
    found = {}

    def walk(group, prefix):
        for name, variable in group.variables.items():
            try:
                found[prefix + name] = netcdf_variable(variable)
            except Exception as error:  # what the library itself cannot read
                found[prefix + name] = {"refused": f"{type(error).__name__}: {error}"[:120]}
        for name, child in group.groups.items():
            walk(child, f"{prefix}{name}/")

    walk(netCDF4.Dataset(path), "")
    return found


def zarr_array(array):
    values = array[...]
    if values.dtype.kind in "iufb":
        fill = array.metadata.fill_value
        masked = np.zeros(values.shape, bool)
        # xarray takes the fill value of v2 as missing
        if array.metadata.zarr_format == 2 and fill is not None and values.dtype.kind != "b":
            masked = np.isnan(values) if fill != fill else values == fill
        return numbers(np.ma.masked_array(values, masked))
    if values.dtype.kind in "USTO":
        # numpy's empty text stands for none
        return texts(np.asarray(values))
    return {"refused": str(values.dtype)}


def zarr_tree(path):
    found = {}

    def keys(root):
        import zipfile
        if root.suffix == ".zip":
            return zipfile.ZipFile(root).namelist()
        return [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]

    marks = {k: k.rsplit("/", 1)[0] if "/" in k else "" for k in keys(path)}
    arrays = set()
    for key, folder in marks.items():
        if key.endswith(".zarray"):
            arrays.add(folder)
        if key.endswith("zarr.json"):
            if path.suffix == ".zip":
                import zipfile
                text = zipfile.ZipFile(path).read(key)
            else:
                text = (path / key).read_text()
            if json.loads(text)["node_type"] == "array":
                arrays.add(folder)
    roots = [k for k in marks if k.rsplit("/")[-1] in (".zgroup", "zarr.json", ".zarray")]
    root = min((marks[k] for k in roots), key=lambda f: (f.count("/") + bool(f), f))
    for folder in sorted(arrays):
        name = folder[len(root):].strip("/") or folder
        try:
            store = zarr.storage.ZipStore(path, mode="r") if path.suffix == ".zip" else str(path)
            found[name] = zarr_array(zarr.open_array(store, path=folder, mode="r"))
        except Exception as error:
            found[name] = {"refused": f"{type(error).__name__}: {error}"[:120]}
    return found


def paths(folder):
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.suffix:
            yield from paths(path)
        else:
            yield path


data = Path(sys.argv[1])
goldens = {}
for part in ("readers", "gridded", "ensembles"):
    for path in paths(data / part):
        name = str(path.relative_to(data))
        reader = zarr_tree if path.suffix in (".zarr", ".zip") else netcdf
        try:
            goldens[name] = reader(path)
        except Exception as error:
            goldens[name] = f"{type(error).__name__}: {error}".replace(str(data), "")[:120]
lines = []
for name, held in goldens.items():
    if isinstance(held, str):
        lines.append(f" {json.dumps(name)}: {json.dumps(held)}")
        continue
    inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in held.items())
    lines.append(f" {json.dumps(name)}: {{\n{inner}\n }}")
print("{\n" + ",\n".join(lines) + "\n}")
