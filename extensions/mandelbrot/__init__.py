"""Compiled bodies of the case mandelbrot."""
