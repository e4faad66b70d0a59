"""Makes a tiny language model with random weights: `python models.py gguf FILE` or `python models.py folder FOLDER`.

Runs in a server's own environment, with what that server brings along. The vocabulary is learned from the shipped
example transcripts, so what comes out is gibberish made of pieces of their words.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

EXEMPLARS = Path(__file__).resolve().parents[2] / "seeds" / "exemplars"
START, END = "<|im_start|>", "<|im_end|>"
VOCABULARY, WIDTH, INNER, LAYERS, HEADS = 2048, 64, 128, 2, 4
CONTEXT_TOKENS = 8192
SPREAD = 0.25
"""Standard deviation of the weights: wide enough that the context matters to what comes next."""
EAGER_TO_END = 1.75
"""How much larger the weights of the end token are, so that many replies end by themselves within some hundred."""
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer() -> Tokenizer:
    """Byte-level pairs, learned on the spot."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator([path.read_text("utf-8") for path in sorted(EXEMPLARS.glob("*.txt"))], trainer)
    assert made.get_vocab_size() == VOCABULARY
    return made


def gguf(target: Path) -> None:
    """One file for llama.cpp."""
    from gguf import GGUFWriter, TokenType

    learned = json.loads(tokenizer().to_str())["model"]
    tokens = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
    kinds = [TokenType.CONTROL if token in {START, END} else TokenType.NORMAL for token in tokens]
    writer = GGUFWriter(target, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in learned["merges"]])
    writer.add_bos_token_id(tokens.index(END))
    writer.add_eos_token_id(tokens.index(END))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    weights = _weights()
    weights["output.weight"][tokens.index(END)] *= EAGER_TO_END
    for name, values in weights.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def folder(target: Path) -> None:
    """A folder for transformers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(1)
    end = tokenizer().token_to_id(END)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=CONTEXT_TOKENS,
        initializer_range=SPREAD,
        bos_token_id=end,
        eos_token_id=end,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight[end] *= EAGER_TO_END
    model.generation_config.update(do_sample=True, pad_token_id=end)
    model.save_pretrained(target)
    words = PreTrainedTokenizerFast(tokenizer_object=tokenizer(), eos_token=END, bos_token=END, pad_token=END)
    words.chat_template = TEMPLATE
    words.save_pretrained(target)


def _weights() -> dict[str, Any]:
    rng = np.random.default_rng(1)

    def drawn(*shape: int) -> Any:
        return rng.normal(0, SPREAD, shape).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    found = {
        "token_embd.weight": drawn(VOCABULARY, WIDTH),
        "output_norm.weight": ones,
        "output.weight": drawn(VOCABULARY, WIDTH),
    }
    for layer in range(LAYERS):
        found |= {f"blk.{layer}.{name}.weight": ones for name in ("attn_norm", "ffn_norm")}
        found |= {
            f"blk.{layer}.{name}.weight": drawn(WIDTH, WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_output")
        }
        found |= {f"blk.{layer}.{name}.weight": drawn(INNER, WIDTH) for name in ("ffn_gate", "ffn_up")}
        found[f"blk.{layer}.ffn_down.weight"] = drawn(WIDTH, INNER)
    return found


if __name__ == "__main__":
    {"gguf": gguf, "folder": folder}[sys.argv[1]](Path(sys.argv[2]))
