"""Losses of preference pairs and their derivatives by torch's autograd, in float64: python losses.py > losses.json

ORPO and SimPO are computed by the methods of TRL's own trainers, the others by their formula, as TRL's trainers have it inline
(TRL 1.13.0, torch 2.13.0; seed 11).
"""
import json
from types import SimpleNamespace

import torch
import torch.nn.functional as F
import trl
from trl.experimental.cpo.cpo_trainer import CPOTrainer
from trl.experimental.orpo.orpo_trainer import ORPOTrainer

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
n = 8
lengths = [torch.randint(1, 40, (n,)) for _ in range(2)]
policy = [(-torch.rand(n) * 3 * l - 0.01) for l in lengths]
reference = [p + torch.randn(n) * 2 for p in policy]
policy[0][0] = -1e-3 * lengths[0][0]                 # an answer that is nearly certain
kl_ratios = torch.randn(n) + 0.5
here = SimpleNamespace(device="cpu")


def measure(loss):
    """loss(c, r) -> one loss a pair; derivatives of each with respect to its own c and r"""
    c, r = (p.clone().requires_grad_() for p in policy)
    losses = loss(c, r)
    dc, dr = torch.autograd.grad(losses.sum(), (c, r), allow_unused=True)
    return {"loss": losses.tolist(), "dChosen": dc.tolist(), "dRejected": dr.tolist()}


def h(c, r):
    return (c - r) - (reference[0] - reference[1])


def dpo(beta, smoothing):
    return lambda c, r: -F.logsigmoid(beta * h(c, r)) * (1 - smoothing) - F.logsigmoid(-beta * h(c, r)) * smoothing


def ipo(beta, per_token):
    if per_token:
        return lambda c, r: ((c - reference[0]) / lengths[0] - (r - reference[1]) / lengths[1] - 1 / (2 * beta)) ** 2
    return lambda c, r: (h(c, r) - 1 / (2 * beta)) ** 2


def orpo(weight):
    def loss(c, r):
        # TRL's method narrows to float32; the same in float64
        c, r = c / lengths[0], r / lengths[1]
        keep = torch.Tensor.float
        torch.Tensor.float = torch.Tensor.double
        try:
            losses = ORPOTrainer.odds_ratio_loss(SimpleNamespace(beta=weight, accelerator=here), c, r)[0]
        finally:
            torch.Tensor.float = keep
        return -c - losses
    return loss


def simpo(beta, gamma):
    self = SimpleNamespace(beta=beta, simpo_gamma=gamma, loss_type="simpo", label_smoothing=0, alpha=0.0, accelerator=here)
    return lambda c, r: CPOTrainer.cpo_loss(self, c / lengths[0], r / lengths[1])[0]


def kto(beta, desirable, undesirable):
    kl = kl_ratios.mean().clamp(min=0)
    return lambda c, r: (desirable * (1 - torch.sigmoid(beta * (c - reference[0] - kl)))
                         + undesirable * (1 - torch.sigmoid(beta * (kl - (r - reference[1])))))


def bradley_terry(centering):
    margins = torch.linspace(0, 1.4, n)
    return lambda c, r: -F.logsigmoid(c / 10 - r / 10 - margins) + centering * (c / 10 + r / 10) ** 2


print(json.dumps({
    "versions": {"trl": trl.__version__, "torch": torch.__version__},
    "chosen": policy[0].tolist(), "rejected": policy[1].tolist(),
    "referenceChosen": reference[0].tolist(), "referenceRejected": reference[1].tolist(),
    "tokensChosen": lengths[0].tolist(), "tokensRejected": lengths[1].tolist(),
    "divergenceRatios": kl_ratios.tolist(),
    "losses": {
        "dpo 0.1 0": measure(dpo(0.1, 0)), "dpo 0.5 0.1": measure(dpo(0.5, 0.1)),
        "ipo 0.1 sums": measure(ipo(0.1, False)), "ipo 0.1 per token": measure(ipo(0.1, True)),
        "orpo 0.1": measure(orpo(0.1)), "orpo 1.0": measure(orpo(1.0)),
        "simpo 2.0 1.0": measure(simpo(2.0, 1.0)),
        "kto 0.1 1.0 1.3": measure(kto(0.1, 1.0, 1.3)),
    },
    # scores are a tenth of the log-probabilities, margins rise from 0 to 1.4; derivatives are with respect to ten times the score
    "bradleyTerry": {"0": measure(bradley_terry(0.0)), "0.01": measure(bradley_terry(0.01))},
}, indent=1))
