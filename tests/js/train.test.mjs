// The curves of a training, out of the lines of a job's log.
import assert from "node:assert/strict";
import test from "node:test";
import { curvesOf, iterationOf } from "../../assets/js/train.js";

const LINE = "iteration=3 train_loss=0.500000 train_acc=0.7500 val_loss=0.600000 val_acc=0.7000 coef_delta=1.000e-2 loss_delta=0.000e0";

test("a line of the log is read back, and other lines are left alone", () => {
  const one = iterationOf(LINE);
  assert.deepEqual(one, { iteration: 3, train: { loss: 0.5, accuracy: 0.75 }, validation: { loss: 0.6, accuracy: 0.7 }, coef_delta: 0.01, loss_delta: 0 });
  assert.equal(iterationOf("3 images could not be read for background"), null);
  assert.equal(iterationOf("iteration=1 train_loss=1 train_acc=0 coef_delta=1 loss_delta=1").validation, null);
});

test("a change of nothing has no place on a logarithmic axis", () => {
  const curves = curvesOf([iterationOf(LINE)]);
  assert.deepEqual(curves.delta.lines.map((line) => line.values), [[0.01], [null]]);
  assert.deepEqual(curves.loss.lines.map((line) => line.name), ["training", "validation"]);
});
