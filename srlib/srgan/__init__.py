"""SRGAN (Ledig et al., CVPR 2017): generator, discriminator, layers, losses and training steps."""
