"""Audits of data sets: manifests and near-duplicates."""
