"""A fit of Keras on numpy, on which it cannot train. Run by ``test_keras.py``."""
# pyright: basic, reportMissingImports=false

import json

import keras
import numpy as np

model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
try:
    model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)
except NotImplementedError:
    print("TOLD", json.dumps({"raised": True}), flush=True)
