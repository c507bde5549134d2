"""What an operator hears when Redis has nothing to tell."""

import redis

RedisError = redis.RedisError
"""Raised by everything that reads Redis for an operator."""


def why(error: RedisError) -> str:
    """Say in a line whether Redis refuses or does not answer."""
    refuses = isinstance(error, redis.exceptions.ResponseError)
    return f"Redis {'refuses' if refuses else 'does not answer'}: {error}"
