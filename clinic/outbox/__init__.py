"""The outbox: each email is a row, committed with its cause and sent later by a worker."""
