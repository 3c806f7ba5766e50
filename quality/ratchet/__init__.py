"""Ratchet: what an artifact holds, held against its last promoted version within declared bounds."""
