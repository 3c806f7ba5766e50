"""The loss of each sequence is what the cross-entropy of its tokens adds up to, in one piece or in chunks."""

import pytest


@pytest.mark.parametrize("num_chunks", [1, 4])
def test_the_loss_of_each_sequence_adds_up_to_that_of_the_batch(num_chunks: int) -> None:
    from training.titan.loss import LOSS_OF_SEQUENCES, SequenceLoss  # isort: skip
    import torch
    from torch.nn import functional as F  # noqa: N812
    from torchtitan.components.loss import ChunkedLossWrapper, CrossEntropyLoss

    torch.manual_seed(0)
    head = torch.nn.Linear(16, 50, bias=False)
    hidden = torch.randn(3, 8, 16, requires_grad=True)
    labels = torch.randint(0, 50, (3, 8))
    num_tokens = torch.tensor(48)  # of the global batch, of which this is a half

    def computed(config):
        hidden.grad = head.weight.grad = None
        if num_chunks == 1:
            loss, parts = config.build()(head(hidden), labels, num_tokens)
        else:
            chunked = ChunkedLossWrapper.Config(num_chunks=num_chunks, loss_fn=config).build()
            chunked.set_lm_head(head)
            loss, parts = chunked(hidden, labels, num_tokens)
        loss.backward()
        return loss.detach(), parts, hidden.grad.clone(), head.weight.grad.clone()

    loss, parts, of_hidden, of_head = computed(SequenceLoss.Config())
    stock, _, stock_of_hidden, stock_of_head = computed(CrossEntropyLoss.Config())
    expected = F.cross_entropy(head(hidden).flatten(0, 1), labels.flatten(), reduction="none").view(3, 8).sum(1)
    assert torch.allclose(parts[LOSS_OF_SEQUENCES], expected, rtol=1e-5)
    assert not parts[LOSS_OF_SEQUENCES].requires_grad
    assert torch.allclose(loss, expected.sum() / 48, rtol=1e-5)
    assert torch.allclose(loss, stock, rtol=1e-6)
    assert torch.allclose(of_hidden, stock_of_hidden, atol=1e-7)
    assert torch.allclose(of_head, stock_of_head, atol=1e-7)
