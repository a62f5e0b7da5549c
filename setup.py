"""Packaging: version ranges live here, exact versions in requirements.lock."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

PACKAGES = [
    "warehouse", "intake", "touchpoints", "attribution", "ltv", "jobs", "simulator", "published", "dashboard", "views",
    "conf",
]  # fmt: skip

# Without an extra: reading published tables, attribute-paths, and the numeric doors of ltv and attribution.
BASE = [
    "numpy>=2,<3",
    "scipy>=1.13,<2",
    "pyarrow>=25,<26",
    "deltalake>=1.6,<2",
    "pydantic>=2.9,<3",
    "pyyaml>=6",
    "typer>=0.15",
    "rich>=13",
]
EXTRAS = {
    # making tables: every job but attribute-paths
    "spark": [
        "pyspark==4.2.0",
        "delta-spark==4.4.0",
        "importlib-metadata>=8",
        "pandas>=2.2,<3",
        "crawler-user-agents>=1.60",
        "tldextract>=5.3",
    ],
    # builders on Sail instead of Spark, without Java; what pyspark's extra `connect` names
    "sail": [
        "pysail==0.7.2",
        "pyspark==4.2.0",
        "pandas>=2.2,<3",
        "grpcio>=1.76",
        "grpcio-status>=1.76",
        "googleapis-common-protos>=1.71",
        "zstandard>=0.25",
    ],
    # scoring with registered models, and training them
    "models": [
        "mlflow>=3.17,<3.18",
        "pandas>=2.2,<3",
        "lifetimes==0.11.3",
        "matplotlib>=3.9",
        "sqlalchemy>=2,<3",  # its errors, which MLflow passes on
    ],
    # the report page
    "report": [
        "jinja2>=3.1",
        "vl-convert-python>=1.9,<2",
    ],
    # the pages that `serve` answers with
    "serve": [
        "fastapi>=0.115,<1",
        "jinja2>=3.1",
        "uvicorn>=0.30,<1",
        "vl-convert-python>=1.9,<2",
    ],
    # the tools that `mcp` gives to agents
    "mcp": [
        "anyio>=4.5,<5",
        "jinja2>=3.1",
        "mcp>=1.12,<2",
        "starlette>=0.40,<2",
    ],
}
# Every job needs these; Sail is no part of it.
ALL = sorted({requirement for name, extra in EXTRAS.items() if name != "sail" for requirement in extra})
DEV = [
    "aiosmtpd>=1.4",
    "axe-playwright-python>=0.1.4",
    "duckdb>=1.4,<3",
    "httpx>=0.27",
    "hypothesis>=6",
    "impyla>=0.19",
    "mpmath>=1.3",
    "mypy>=1.18",
    "pandas-stubs<3",
    "playwright>=1.50",
    "polars>=1.20,<3",
    "pytest>=8",
    "pytest-xdist>=3.8",
    "ruff>=0.14",
    "scipy-stubs",
    "setuptools>=77",
    "types-PyYAML",
]

setup(
    name="distributary",
    version="0.1.0",
    description="Marketing attribution and customer lifetime value on Spark and Delta Lake",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.13",
    packages=find_namespace_packages(include=[f"{p}{suffix}" for p in PACKAGES for suffix in ("", ".*")]),
    package_data={"": ["*.yaml", "*.conf", "*.html", "*.css", "*.js", "*.json", "*.lock", "*.properties", "*.sql"]},
    install_requires=BASE,
    # requirements.lock is compiled from `dev`, which holds everything.
    extras_require={**EXTRAS, "all": ALL, "dev": sorted({*ALL, *EXTRAS["sail"], *DEV})},
    entry_points={"console_scripts": ["distributary=jobs.cli:main"]},
)
