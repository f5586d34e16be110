"""Finds what people want to be told, tells them once, and carries it to inboxes and webhooks."""
