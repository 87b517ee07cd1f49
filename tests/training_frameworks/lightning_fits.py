"""Fits of Lightning, each of a module of a class of its own, which counts by itself. Run by ``test_lightning.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import gc
import importlib
import json
import sys
import warnings
import weakref

import torch
from torch.utils.data import DataLoader, TensorDataset

from argus_otel.entrypoints import TrainingInstrumentor
from argus_otel.sources.training.recorder import CURRENT

warnings.simplefilter("ignore")
pl = importlib.import_module(sys.argv[1])
torch.manual_seed(0)
TOLD = {}


class Net(pl.LightningModule):
    """Logs its loss at each step and each epoch, one value at the end of an epoch, and one of the validation."""

    loaders = 1

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.stepped = 0

    def training_step(self, batch, index):
        loss = self.layer(batch[0]).square().mean()
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch, index, dataloader_idx=0):
        self.log("val_loss", self.layer(batch[0]).square().mean())

    test_step = validation_step

    def predict_step(self, batch, index):
        return self.layer(batch[0])

    def on_train_epoch_end(self):
        self.log("late", float(self.current_epoch))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        optimizer.register_step_post_hook(self._count)
        return optimizer

    def _count(self, *_):
        self.stepped += 1


class Silent(Net):
    def training_step(self, batch, index):
        return self.layer(batch[0]).square().mean()

    def on_train_epoch_end(self):
        pass


def net(name, base=Net):
    """Return a module of a class of this name."""
    return type(name, (base,), {})()


def loader(samples=62, **options):
    """Return a loader: sixteen batches, the last one of two samples."""
    return DataLoader(TensorDataset(torch.rand(samples, 3)), batch_size=4, **options)


def trainer(**options):
    """Return a trainer that says nothing."""
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "accelerator": "cpu",
        "max_epochs": 1,
        "log_every_n_steps": 5,
    }
    return pl.Trainer(**{**quiet, **options})


def fit(module, validation=None, data=None, **options):
    """Fit a module, and tell how many steps its optimizers have made."""
    name = type(module).__name__
    try:
        trainer(**options).fit(module, data or loader(), validation)
    finally:
        TOLD[name] = module.stepped


# -- what is usual, and how often tensors are read

reads = []
as_float = torch.Tensor.__float__


def counted(tensor):
    if sys._getframe(1).f_globals["__name__"].startswith("argus_otel."):
        reads.append(tensor.ndim)
    return as_float(tensor)


torch.Tensor.__float__ = counted
kept = []


class Remembers(pl.Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        kept.extend(map(weakref.ref, (outputs["loss"], batch[0])))


unchanged = pl.Trainer(accelerator="cpu", default_root_dir="root", logger=False)
TOLD["observed"] = [type(each).__name__ for each in unchanged.callbacks]
TOLD["loggers"] = len(unchanged.loggers)
saving = pl.callbacks.ModelCheckpoint("saved", save_last=True)
usual = net("Usual")
fit(usual, loader(16), max_epochs=2, enable_checkpointing=True, callbacks=[saving, Remembers()])
TOLD["reads"] = len(reads)
TOLD["saves"] = saving.last_model_path
torch.Tensor.__float__ = as_float
gc.collect()
TOLD["kept"] = [each() is not None for each in kept].count(True)
TOLD["remembered"] = len(kept)

# -- steps that are no batches

fit(net("Accumulating"), accumulate_grad_batches=4)


class Manual(Net):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, index):
        for _ in range(2):
            loss = self.layer(batch[0]).square().mean()
            self.optimizers().zero_grad()
            self.manual_backward(loss)
            self.optimizers().step()


fit(Manual())
fit(net("Silent", Silent))
fit(net("TwoLoaders"), [loader(8), loader(8)])
fit(net("Working"), data=loader(num_workers=2))
trainer(max_epochs=3).fit(net("Resumed"), loader(), ckpt_path=saving.last_model_path)

# -- ends


class Does(pl.Callback):
    """Does something at the fourth batch."""

    def __init__(self, what):
        self.what = what

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if index == 3:
            self.what(trainer)


def fail(_):
    raise ValueError("a secret")


def stop(trainer):
    trainer.should_stop = True


def ask(_):
    CURRENT.get().stop_asked = "command"


def again(_):
    fit(net("Inner"))


class FailsInSanity(Net):
    def validation_step(self, batch, index):
        raise ValueError("a secret")


for module, callbacks, validation in ((net("Raising"), [Does(fail)], None), (FailsInSanity(), [], loader())):
    try:
        fit(module, validation, callbacks=callbacks)
    except ValueError:  # noqa: PERF203
        TOLD[type(module).__name__ + "Raised"] = True
fit(net("Stopping"), callbacks=[Does(stop)], max_epochs=3)
fit(net("Asked"), callbacks=[Does(ask)], max_epochs=3)
fit(net("Limited"), max_epochs=3, max_steps=20)
fit(net("Outer"), callbacks=[Does(again)])

# -- what is no run

alone = net("Alone")
trainer().validate(alone, loader(), verbose=False)
trainer().test(alone, loader(), verbose=False)
trainer().predict(alone, loader())

# -- without hooks again

TrainingInstrumentor().uninstrument()
TOLD["classes"] = [type(each).__name__ for each in trainer().callbacks]
fit(net("Unobserved"))

print("TOLD", json.dumps(TOLD), flush=True)
