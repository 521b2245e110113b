"""The commands of `olist`: what runs flows, what asks, what makes data, what serves."""
