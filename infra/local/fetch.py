"""Downloads the real data set from Kaggle."""

import shutil
from pathlib import Path

from infra.contracts import contracts

DATASET = "olistbr/brazilian-ecommerce"


class FetchError(RuntimeError):
    """The data set could not be downloaded; the message says what to do instead."""


def fetch(directory: Path) -> None:
    """Download the nine files into a folder. Raises FetchError."""
    try:
        import kagglehub  # noqa: PLC0415 (an optional dependency)
    except ImportError as error:
        raise FetchError("kagglehub is not installed: pip install 'olist-elt[kaggle]'") from error
    try:
        cache = Path(kagglehub.dataset_download(DATASET))
    # kagglehub lets through whatever its HTTP client raises
    except Exception as error:
        raise FetchError(
            f"Kaggle could not be reached, or refused ({type(error).__name__}: {error}). Check "
            f"the network, or download https://www.kaggle.com/datasets/{DATASET} with a browser, "
            f"unpack it into {directory} and run: olist run --source {directory}"
        ) from error
    directory.mkdir(parents=True, exist_ok=True)
    for contract in contracts().values():
        shutil.copyfile(cache / contract.source_file, directory / contract.source_file)
