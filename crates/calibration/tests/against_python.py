"""Reference answers for against_python.rs: scoringrules for scores, scipy for fits and the law of Student.

Reads one JSON object from stdin: {"what": ..., ...}; writes one to stdout.
"""
import json
import sys

import numpy as np


def laws(given):
    import scoringrules as sr

    out = {name: [] for name in ("normal", "truncated_normal", "logistic", "censored_shifted_gamma")}
    for m, s, d in given["parameters"]:
        for y in given["observations"]:
            out["normal"].append(sr.crps_normal(y, m, s))
            out["truncated_normal"].append(sr.crps_tnormal(y, m, s, lower=0.0))
            out["logistic"].append(sr.crps_logistic(y, m, s))
            out["censored_shifted_gamma"].append(sr.crps_csg0(y, (m / s) ** 2, scale=s * s / m, shift=d))
    return {name: [float(x) for x in values] for name, values in out.items()}


def multivariate(given):
    import scoringrules as sr

    x, y = np.array(given["members"]), np.array(given["truth"])
    out = {}
    for estimator in ("nrg", "fair"):
        out["energy " + estimator] = float(sr.es_ensemble(y, x, estimator=estimator))
        for p in (0.5, 1.0):
            out[f"variogram {estimator} {p}"] = float(sr.vs_ensemble(y, x, p=p, estimator=estimator))
    return out


def diebold_mariano(given):
    from scipy import stats

    d = np.array(given["first"]) - np.array(given["second"])
    n, lag = len(d), given["lag"]
    e = d - d.mean()
    # The Newey-West variance of the mean as one quadratic form.
    i = np.arange(n)
    kernel = np.clip(1 - abs(i[:, None] - i[None, :]) / (lag + 1), 0, None)
    variance = e @ kernel @ e / n**2
    h = lag + 1
    t = d.mean() / variance**0.5 * ((n + 1 - 2 * h + h * (h - 1) / n) / n) ** 0.5
    return {"statistic": float(t), "p": float(2 * stats.t.sf(abs(t), n - 1))}


def emos(given):
    """Normal EMOS by minimum CRPS, searched without gradients of ours: BFGS, then Nelder-Mead, then BFGS."""
    from scipy.optimize import minimize
    from scipy.stats import norm

    x, y = np.array(given["members"]), np.array(given["observations"])
    train = np.arange(len(y)) < given["train"]
    mean, spread = x.mean(axis=1), x.std(axis=1, ddof=1)
    angle = np.array(given["season"])
    ones = np.ones(len(y))
    season = [np.sin(angle), np.cos(angle)] if given["seasonal"] else []
    a = np.column_stack([ones, mean] + season)
    b = np.column_stack([ones, np.log(spread)] + season)

    def parameters(p):
        m = a @ p[: a.shape[1]]
        q = p[a.shape[1] :]
        if given["link"] == "square":
            return m, np.sqrt(q[0] ** 2 + q[1] ** 2 * spread**2)
        return m, np.exp(b @ q)

    def crps(p, where):
        m, s = (v[where] for v in parameters(p))
        z = (y[where] - m) / s
        return float(np.mean(s * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - np.pi**-0.5)))

    start = np.linalg.lstsq(a[train], y[train], rcond=None)[0]
    scale = np.zeros(2 if given["link"] == "square" else b.shape[1])
    residual = (y[train] - a[train] @ start).std()
    scale[0] = residual if given["link"] == "square" else np.log(residual)
    scale[1] = 0.5
    p = np.r_[start, scale]
    for method in ("BFGS", "Nelder-Mead", "BFGS"):
        p = minimize(crps, p, args=(train,), method=method, options={"maxiter": 20000}).x
    return {"train": crps(p, train), "test": crps(p, ~train)}


given = json.load(sys.stdin)
json.dump(globals()[given["what"]](given), sys.stdout)
