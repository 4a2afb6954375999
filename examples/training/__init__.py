"""What the examples train their networks with: layers with gradients, an optimizer and an ONNX writer, all in numpy.

It exists so that every committed model can be made again with no framework installed; it is no part of tinyc.
Arrays are (batch, channel, *space) throughout, with one axis of space for signals and two for images.
"""
