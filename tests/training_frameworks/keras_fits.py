"""Fits of Keras, each of a class of its own, which counts what Keras tells it. Run by ``test_keras.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import json
import threading
import time

import keras
import numpy as np

from argus_otel.entrypoints import TrainingInstrumentor
from argus_otel.sources.training.recorder import CURRENT

TOLD = {}


class Counting(keras.callbacks.Callback):
    """Counts the batches by their indices; Keras may call it on any thread, and in any order."""

    async_safe = True

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.order = []
        self.threads = set()

    def on_train_batch_end(self, batch, logs=None):
        self.threads.add(threading.current_thread() is threading.main_thread())
        self.order.append(batch)

    def on_train_end(self, logs=None):
        TOLD[self.name] = len(self.order)


def model(name, base=keras.Model, **options):
    """Return a compiled model of a class of this name."""

    def initialize(self):
        base.__init__(self)
        self.dense = keras.layers.Dense(1)

    kind = type(name, (base,), {"__init__": initialize, "call": lambda self, x: self.dense(x)})
    made = kind()
    made.compile("sgd", "mse", **options)
    return made


def data(samples):
    """Return as many samples."""
    random = np.random.default_rng(0)
    return random.random((samples, 3)), random.random((samples, 1))


x, y = data(42)  # with a batch of 4: eleven batches, the last one of two samples


def fit(name, callbacks=(), **options):
    """Fit a model of this class for two epochs."""
    return model(name).fit(x, y, **{"verbose": 0, "epochs": 2, "batch_size": 4, "callbacks": callbacks, **options})


# -- what is usual

saving = keras.callbacks.ModelCheckpoint("last.weights.h5", save_weights_only=True)
history = fit("Usual", [Counting("Usual"), saving], validation_data=data(16), epochs=3)
TOLD["losses"] = [*map(float, history.history["loss"]), *map(float, history.history["val_loss"])]

# -- batches whose ends come out of order


class Slow(Counting):
    def on_train_batch_end(self, batch, logs=None):
        if batch % 2 == 0:
            time.sleep(0.02)
        super().on_train_batch_end(batch, logs)


slow = Slow("Disordered")
fit("Disordered", [slow], epochs=1)
TOLD["pool"] = False in slow.threads
TOLD["disorder"] = slow.order != sorted(slow.order)

# -- several steps in one call

executing = Counting("calls")
model("Executing", steps_per_execution=4).fit(*data(48), batch_size=4, epochs=2, verbose=0, callbacks=[executing])

# -- every way to give callbacks

fit("OneCallback", Counting("OneCallback"))
fit("Tuple", (Counting("Tuple"),))
fit("Nothing", None)
model("Positional").fit(x, y, 4, 1, 0, [Counting("Positional")])
listed = model("Listed")
counting = Counting("Listed")
given = keras.callbacks.CallbackList([counting], add_history=True, model=listed, epochs=2, steps=11)
for _ in range(2):
    listed.fit(x, y, verbose=0, epochs=2, batch_size=4, callbacks=given)
TOLD["left"] = [type(each).__name__ for each in given.callbacks]

# -- a subclass with a fit of its own, and a fit within a fit


class Fitting(keras.Model):
    def fit(self, *args, **kwargs):
        return super().fit(*args, **kwargs)


model("OwnFit", Fitting).fit(x, y, verbose=0, epochs=1, batch_size=4)


class FitsAnother(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        fit("Inner", epochs=1)


fit("Outer", [FitsAnother()], epochs=2)

# -- ends


class Raises(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
            raise self.error


for name, error in (("Raising", ValueError("a secret")), ("Interrupted", KeyboardInterrupt())):
    try:
        fit(name, [Raises(error)])
    except type(error):  # noqa: PERF203
        TOLD[name] = "raised"
try:
    model("Misfit").fit(x, y[:5], verbose=0)
except ValueError:
    TOLD["Misfit"] = "raised"


class Stops(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


fit("Stopping", [Stops()], epochs=9)


class Asks(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 4:
            CURRENT.get().stop_asked = "command"


asked = Counting("Asked")
fit("Asked", [Asks(), asked], epochs=9)

# -- values that are not finite, data without a length, and what is no run

model("Diverging").fit(x, y * np.nan, verbose=0, epochs=2, batch_size=4)


def batches():
    """Yield five batches."""
    for _ in range(5):
        yield x[:4], y[:4]


model("Generated").fit(batches(), verbose=0, callbacks=[Counting("Generated")])
alone = model("Alone")
alone.train_on_batch(x, y)
alone.evaluate(x, y, verbose=0)
alone.predict(x, verbose=0)

# -- without hooks again

TrainingInstrumentor().uninstrument()
fit("Unobserved")
trainer = next(each for each in keras.Model.__mro__ if "fit" in vars(each))
TOLD["wrapped"] = [
    function.__qualname__
    for function in (trainer.fit, keras.Model.save, keras.Model.save_weights)
    if function.__globals__["__name__"].startswith("argus_otel.")
]

print("TOLD", json.dumps(TOLD), flush=True)
