"""Texts of the program in Chinese and English, one YAML file a room: ``id: {zh: …, en: …}``."""
