"""Fits of Keras with losses that the guard does not like. Run by ``test_guard.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import json

import keras
import numpy as np

TOLD = {}
BATCHES = 11


class Counting(keras.callbacks.Callback):
    async_safe = True

    def on_epoch_begin(self, epoch, logs=None):
        TOLD[type(self.model).__name__] = (epoch + 1) * BATCHES

    def on_epoch_end(self, epoch, logs=None):
        if not logs["loss"] < 100:
            TOLD.setdefault(f"{type(self.model).__name__} from", epoch)


class Data(keras.utils.PyDataset):
    """Batches whose labels are multiplied from an epoch on."""

    def __init__(self, factor, epoch):
        super().__init__()
        self.factor, self.left = factor, epoch

    def __len__(self):
        return BATCHES

    def __getitem__(self, index):
        return np.ones((4, 3)), np.ones((4, 1)) * (1.0 if self.left > 0 else self.factor)

    def on_epoch_end(self):
        self.left -= 1


def fit(name, factor, epoch, epochs, kept=()):
    """Fit a model of a class of this name, which hardly learns."""

    def initialize(self):
        keras.Model.__init__(self)
        self.dense = keras.layers.Dense(1)

    made = type(name, (keras.Model,), {"__init__": initialize, "call": lambda self, x: self.dense(x)})()
    made.compile(keras.optimizers.SGD(1e-12), "mse")
    made.fit(Data(factor, epoch), epochs=epochs, verbose=0, callbacks=[Counting(), *kept])


fit("Healthy", 1.0, 0, 30)
fit("NotFinite", np.nan, 2, 30)
fit("Diverging", 1e4, 12, 30)
print("TOLD", json.dumps(TOLD), flush=True)
