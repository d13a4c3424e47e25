"""The machine: importing Keras, precision, several devices, Colab, and what a record tells of it."""
