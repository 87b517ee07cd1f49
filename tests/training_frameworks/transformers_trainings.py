"""Trainings of transformers, each of a model of a class of its own. Run by ``test_transformers.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import gc
import json
import sys
import weakref

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from argus_otel.entrypoints import TrainingInstrumentor
from argus_otel.sources.training.recorder import CURRENT

torch.manual_seed(0)
TOLD = {}


class Net(torch.nn.Module):
    """A model that needs nothing but torch."""

    factor = 1.0

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, x, labels=None):
        logits = self.layer(x)
        return {"loss": (logits - labels).square().mean() * self.factor, "logits": logits}


class Samples(torch.utils.data.Dataset):
    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return {"x": torch.full((3,), float(index % 5)), "labels": torch.ones(1)}


class Counts(TrainerCallback):
    def __init__(self, name):
        self.name = name

    def on_step_end(self, args, state, control, **more):
        TOLD[self.name] = TOLD.get(self.name, 0) + 1

    def on_save(self, args, state, control, **more):
        TOLD["saves"] = TOLD.get("saves", 0) + 1


def trainer(name, callbacks=(), base=Net, length=62, kind=Trainer, **options):
    """Return a trainer of a model of a class of this name: sixteen batches, the last one of two samples."""
    given = {
        "output_dir": name,
        "num_train_epochs": 1,
        "per_device_train_batch_size": 4,
        "logging_steps": 5,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "use_cpu": True,
        **options,
    }
    model = type(name, (base,), {})()
    return kind(
        model=model,
        args=TrainingArguments(**given),
        train_dataset=Samples(length),
        eval_dataset=Samples(16),
        callbacks=[Counts(name), *callbacks],
    )


# -- what is usual, and how often tensors are read

reads = []
as_float = torch.Tensor.__float__


def counted(tensor):
    if sys._getframe(1).f_globals["__name__"].startswith("argus_otel."):
        reads.append(tensor.ndim)
    return as_float(tensor)


torch.Tensor.__float__ = counted
kept = []


class Remembers(Trainer):
    def training_step(self, *args, **kwargs):
        loss = super().training_step(*args, **kwargs)
        kept.append(weakref.ref(loss))
        return loss


usual = trainer("Usual", kind=Remembers, num_train_epochs=2, eval_strategy="epoch", save_strategy="epoch",
                per_device_eval_batch_size=4)  # fmt: skip
usual.train()
usual.evaluate()  # no part of the run
TOLD["reads"] = len(reads)
TOLD["log"] = [entry for entry in usual.state.log_history if "loss" in entry]
torch.Tensor.__float__ = as_float
gc.collect()
TOLD["kept"], TOLD["remembered"] = [each() is not None for each in kept].count(True), len(kept)

trainer("Accumulating", gradient_accumulation_steps=4).train()
trainer("Working", dataloader_num_workers=2).train()
trainer("Resumed", num_train_epochs=3).train(resume_from_checkpoint="Usual/checkpoint-32")

# -- losses that are not finite, of which the Trainer makes zeros


class NotFinite(Net):
    factor = float("nan")


nan = trainer("Diverging", base=NotFinite)
nan.train()
TOLD["shown"] = [entry["loss"] for entry in nan.state.log_history if "loss" in entry]
TOLD["mean"] = nan.state.log_history[-1]["train_loss"]

# -- steps that a scaler of gradients leaves out


class MakesSteps(TrainerCallback):
    def on_train_begin(self, args, state, control, optimizer=None, **more):
        optimizer.optimizer.register_step_post_hook(self.made)

    @staticmethod
    def made(*_):
        TOLD["made"] = TOLD.get("made", 0) + 1


class Overflows(Net):
    """Has infinite gradients at its first three steps."""

    calls = 0

    def forward(self, x, labels=None):
        self.calls += 1
        self.factor = float("inf") if self.calls <= 3 else 1.0
        return super().forward(x, labels)


scaled = trainer("Scaled", [MakesSteps()], base=Overflows, optim="adamw_torch")
scaled.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
scaled.train()

# -- ends


class Does(TrainerCallback):
    def __init__(self, what):
        self.what = what

    def on_step_end(self, args, state, control, **more):
        if state.global_step == 4:
            self.what(control)


def fail(_):
    raise ValueError("a secret")


def stop(control):
    control.should_training_stop = True


def ask(_):
    CURRENT.get().stop_asked = "command"


def again(_):
    trainer("Inner").train()


try:
    trainer("Raising", [Does(fail)]).train()
except ValueError:
    TOLD["raised"] = True
try:
    trainer("Lost").train(resume_from_checkpoint="nowhere")
except (ValueError, OSError):
    TOLD["lost"] = True
trainer("Stopping", [Does(stop)]).train()
trainer("Asked", [Does(ask)]).train()
trainer("Outer", [Does(again)]).train()
trainer("Alone").evaluate()
trainer("Alone").predict(Samples(8))

if hasattr(TrainingArguments, "auto_find_batch_size"):

    class TooLarge(Net):
        """Has no memory for more than two samples."""

        def forward(self, x, labels=None):
            if len(x) > 2:
                raise RuntimeError("CUDA out of memory.")
            return super().forward(x, labels)

    trainer("Fitting", base=TooLarge, auto_find_batch_size=True, length=16).train()

# -- without hooks again

TrainingInstrumentor().uninstrument()
unobserved = trainer("Unobserved")
unobserved.train()
TOLD["classes"] = [type(each).__name__ for each in unobserved.callback_handler.callbacks]
TOLD["wrapped"] = [
    name
    for name in ("train", "training_step", "evaluate", "_save_checkpoint")
    if getattr(Trainer, name).__globals__["__name__"].startswith("argus_otel.")
]

print("TOLD", json.dumps(TOLD), flush=True)
