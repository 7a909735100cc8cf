"""`python -m train layers`: measures the layers that `edgeds video --layers` writes."""
