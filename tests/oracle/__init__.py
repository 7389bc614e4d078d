"""The rule book, once more: a slow oracle in fractions, written from the book alone and never from the engine."""
