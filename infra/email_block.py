"""An e-mail notification block for Prefect, whose built-in block supports SendGrid only."""

from prefect.blocks.notifications import AbstractAppriseNotificationBlock
from pydantic import Field, SecretStr


class Email(AbstractAppriseNotificationBlock):
    """Notification block that sends e-mail by SMTP."""

    _block_type_name = "Email"
    _block_type_slug = "email"
    _description = "Sends notifications by SMTP."

    url: SecretStr = Field(
        default=...,
        title="Address",
        description="mailtos://user:password@smtp.example.com:587?from=olist@example.com"
        "&to=a@example.com,b@example.com&mode=starttls (or mailto:// without TLS), as Apprise "
        "reads it.",
    )
