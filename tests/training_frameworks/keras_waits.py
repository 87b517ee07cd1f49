"""A fit of Keras that goes on until somebody ends the process. Run by ``test_keras.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import time

import keras
import numpy as np


class Tells(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            print("TOLD", '{"training": true}', flush=True)
        time.sleep(0.01)


model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((40, 3)), np.ones((40, 1)), batch_size=4, epochs=100_000, verbose=0, callbacks=[Tells()])
