#!/usr/bin/env python3
"""Makes boost.json beside itself: what XGBoost answers in Python on small data, for the tests of src/learning/boost.

    python3 -m venv V && V/bin/pip install numpy xgboost && V/bin/python tests/learning/boost.py
"""
import base64
import json
import pathlib

import numpy
import xgboost

ROWS, COLUMNS, TRAIN = 400, 6, 300


def data(chance):
    cells = chance.normal(size=(ROWS, COLUMNS))
    right = cells[:, 0] + 0.5 * cells[:, 1] ** 2 - cells[:, 2] + 0.7 * chance.normal(size=ROWS) > 0.3
    # Rounded to numbers that 32 bits hold exactly, so that both sides see the same; one in ten is missing.
    cells = (cells * 1024).round() / 1024
    cells[chance.random(cells.shape) < 0.1] = numpy.nan
    return cells, right.astype(int)


def case(cells, right, monotone, balance, rounds):
    train = xgboost.DMatrix(cells[:TRAIN], right[:TRAIN])
    tune = xgboost.DMatrix(cells[TRAIN:], right[TRAIN:])
    share = right[:TRAIN].mean()
    parameters = {
        "objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "nthread": 1, "seed": 42,
        "max_depth": 4, "eta": 0.1, "subsample": 1.0, "colsample_bytree": 1.0, "min_child_weight": 1, "gamma": 0.1,
        "lambda": 1, "alpha": 0.1, "max_bin": 64, "base_score": 0.5 if balance else float(share),
        "scale_pos_weight": float((1 - share) / share) if balance else 1.0,
    }
    if monotone:
        parameters["monotone_constraints"] = "(" + ",".join(str(sign) for sign in monotone) + ")"
    curve = {}
    model = xgboost.train(parameters, train, rounds, [(train, "train"), (tune, "tune")], evals_result=curve,
                          early_stopping_rounds=10, verbose_eval=False)
    model = model[: model.best_iteration + 1]
    return {
        "monotone": monotone, "balance": balance, "rounds": rounds, "best": model.num_boosted_rounds(),
        "train": curve["train"]["logloss"], "tune": curve["tune"]["logloss"],
        "margins": model.predict(tune, output_margin=True).tolist(),
        "contributions": model.predict(tune, pred_contribs=True)[:10].tolist(),
        "gains": model.get_score(importance_type="total_gain"),
        "model": base64.b64encode(model.save_raw("ubj")).decode(),
    }


def main():
    cells, right = data(numpy.random.default_rng(7))
    cases = [case(cells, right, None, False, 60), case(cells, right, None, True, 60),
             case(cells, right, [1, 0, -1, 0, 0, 0], True, 60)]
    rows = [[None if numpy.isnan(value) else value for value in row] for row in cells.tolist()]
    found = {"xgboost": xgboost.__version__, "train": TRAIN, "rows": rows, "right": right.tolist(), "cases": cases}
    (pathlib.Path(__file__).parent / "boost.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
