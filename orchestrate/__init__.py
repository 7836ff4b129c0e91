"""Many locations: one file names them, one command or one Airflow DAG runs each of them by itself.

Needs nothing but Python and PyYAML, so that an orchestrator may import it in an environment of its own; the
work is done by the project's own `.venv`.
"""
