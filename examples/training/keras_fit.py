"""A fit of Keras, without a line about argus-otel.

pip install keras jax
KERAS_BACKEND=jax argus-otel run examples/training/keras_fit.py
"""

import keras
import numpy

x = numpy.random.default_rng(1).uniform(-1, 1, (512, 4))
y = x @ [1.0, -2.0, 3.0, 0.5]

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, batch_size=32, epochs=5, validation_split=0.25, verbose=0)
print(f"loss {model.evaluate(x, y, verbose=0):.3f}")
