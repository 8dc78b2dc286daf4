"""What readers remark, and the moderator who decides whether others see it."""
