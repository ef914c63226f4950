"""Sentences as numbers, in training and in serving alike."""

import re

import numpy as np

LENGTH = 24  # tokens; what is longer is cut
PADDING, UNKNOWN = "<padding>", "<unknown>"


def split(sentence):
    """Return the words and marks of a sentence."""
    return re.findall(r"[a-z']+|[.,!?]", sentence.lower())


def vocabulary_of(sentences):
    """Return every word that sentences use, in a fixed order, behind the two that stand for none."""
    return [PADDING, UNKNOWN, *sorted({word for sentence in sentences for word in split(sentence)})]


def tokens_of(sentences, vocabulary):
    """Return (sentences, LENGTH) places in the vocabulary; 0 is padding."""
    place = {word: number for number, word in enumerate(vocabulary)}
    tokens = np.zeros((len(sentences), LENGTH), dtype=np.int64)
    for row, sentence in zip(tokens, sentences, strict=True):
        known = [place.get(word, 1) for word in split(sentence)[:LENGTH]]
        row[: len(known)] = known
    return tokens
