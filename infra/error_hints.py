"""What to do about errors of AWS and the warehouse whose own words do not say it."""

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError, NoCredentialsError, TokenRetrievalError

# error codes of AWS APIs: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_CODES = {
    "ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired": (
        "the AWS credentials have expired: sign in again (`aws sso login`), and unset AWS_… "
        "variables that are left over"
    ),
    "InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClientException|SignatureDoesNotMatch": (
        "AWS does not know these credentials: `aws sts get-caller-identity` shows whose they are"
    ),
    "NoSuchBucket": (
        "OLIST_BUCKET names no bucket: `terraform -chdir=infra/terraform output -raw dotenv` "
        "prints the right one"
    ),
    "PermanentRedirect|301|AuthorizationHeaderMalformed|IllegalLocationConstraintException": (
        "the bucket is in another region than OLIST_AWS_REGION; COPY of Parquet needs bucket and "
        "warehouse in the same one"
    ),
    "DecryptionFailure|KMS.DisabledException|KMS.NotFoundException|KMSInvalidStateException": (
        "the KMS key cannot be used: is it enabled, and does the role have kms:Decrypt and "
        "kms:GenerateDataKey for it (OLIST_KMS_KEY)?"
    ),
    "ResourceNotFoundException": (
        "what is named there does not exist in this account and region: compare .env with "
        "`terraform -chdir=infra/terraform output -raw dotenv`, and OLIST_AWS_REGION"
    ),
}
_DENIED = "AccessDenied|AccessDeniedException|403|AuthorizationError|AuthorizationErrorException"
# the words of drivers, the warehouse and OpenSSL
_WORDS = {
    r"[Hh]ostname mismatch|IP address mismatch|doesn't match": (
        "the server's certificate is for another name: OLIST_REDSHIFT_HOST must be the endpoint as "
        "Terraform prints it; through a tunnel, give that name the address 127.0.0.1 in /etc/hosts "
        "(docs/aws.md)"
    ),
    r"certificate verify failed": (
        "the server's certificate comes from an authority that is not trusted: is this the "
        "warehouse, or something in between? A company's own authority is trusted through "
        "SSL_CERT_FILE"
    ),
    r"[Uu]sage limit|reached.*limit.*(RPU|usage)": (
        "the RPU-hours of the day are used up: queries run again from midnight UTC, or raise "
        "daily_rpu_hours and apply (docs/aws.md)"
    ),
    r"S3ServiceException.*Access ?Denied|not authorized to (assume|get credentials)"
    r"|UnauthorizedException": (
        "Redshift may not use the role of COPY and UNLOAD, or the role may not read there: is "
        "OLIST_COPY_ROLE attached to the namespace, and does its policy name this prefix?"
    ),
    r"permission denied for (schema|relation|database|table|language)": (
        "the database user lacks a grant: apply Terraform again, which runs sql/access/*.sql"
    ),
    r"Connection refused|timed out|Name or service not known|No route to host|getaddrinfo"
    r"|Network is unreachable": (
        "nothing answers there: on a laptop, `olist status` tells whether the stack is up; a "
        "workgroup that sleeps needs some seconds to resume, and a private one answers inside its "
        "VPC only (docs/aws.md: how a laptop reaches it)"
    ),
}


def hint_for(error: BaseException) -> str | None:
    """What a person can do about an error or one of its causes; None where its own words say it."""
    for cause in _causes(error):
        if isinstance(cause, (NoCredentialsError, TokenRetrievalError)):
            return (
                "no AWS credentials were found: sign in (`aws sso login`), set AWS_PROFILE, or run "
                "where a role is attached"
            )
        if isinstance(cause, ClientError):
            code = str(cause.response.get("Error", {}).get("Code", ""))
            if re.fullmatch(_DENIED, code):
                return (
                    f"this identity may not call {cause.operation_name} there: "
                    "`aws sts get-caller-identity` shows who it is; the pipeline's role and what "
                    "it may do are in infra/terraform/modules/access"
                )
            for codes, advice in _CODES.items():
                if re.fullmatch(codes, code):
                    return advice
    text = " ".join(str(cause) for cause in _causes(error))
    return next((advice for words, advice in _WORDS.items() if re.search(words, text)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
