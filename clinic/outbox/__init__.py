"""The outbox: each email is a row, written with what caused it and sent later by a worker."""
