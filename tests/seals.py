"""A seal for tests, of a key that everybody knows."""

from filmless.access.seal import KEY_BYTES, AesSivSeal

SEAL = AesSivSeal(bytes(range(KEY_BYTES)))
