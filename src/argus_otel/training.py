"""Training runs of a loop of one's own. Runs of Lightning, Keras and transformers are observed without a line.

.. code-block:: python

    from argus_otel import training

    with training.run("baseline", model=model, total_steps=10_000, config={"lr": 0.1}) as run:
        for step, batch in enumerate(batches):
            loss = train(model, batch)
            run.log(loss=loss, step=step)
            if step % 1000 == 999:
                with run.validation():
                    run.log(loss=evaluate(model), phase="validation")
            if run.should_stop:
                break

In a program that argus-otel does not observe, all of this does nothing.
"""

from __future__ import annotations

from argus_otel.sources.training.api import Run
from argus_otel.sources.training.api import begin as run

__all__ = ["Run", "run"]
