"""Parts of the `ray` engine. Only `bridge` and `trainable` import Ray; the driver imports neither."""
