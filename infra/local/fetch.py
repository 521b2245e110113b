"""Download the real data set from Kaggle."""

import shutil
from pathlib import Path

from infra.contracts import contracts

DATASET = "olistbr/brazilian-ecommerce"


class FetchError(RuntimeError):
    """Raised when the data set cannot be downloaded; the message gives an alternative."""


def fetch(directory: Path) -> None:
    """Download the files into a folder, which is created if missing.

    Raises:
        FetchError: `kagglehub` is not installed, or the download failed.
    """
    try:
        import kagglehub  # noqa: PLC0415 (an optional dependency)
    except ImportError as error:
        raise FetchError("kagglehub is not installed: pip install 'olist-elt[kaggle]'") from error
    try:
        cache = Path(kagglehub.dataset_download(DATASET))
    # kagglehub does not wrap the exceptions of its HTTP client
    except Exception as error:
        raise FetchError(
            f"The download from Kaggle failed ({type(error).__name__}: {error}). Check the "
            f"network, or download https://www.kaggle.com/datasets/{DATASET} with a browser, "
            f"unpack it into {directory} and run: olist run --source {directory}"
        ) from error
    directory.mkdir(parents=True, exist_ok=True)
    for contract in contracts().values():
        shutil.copyfile(cache / contract.source_file, directory / contract.source_file)
